//! Lines of `key=value`: comments, overrides, and what was never asked for.
//!
//! Not here: which keys there are and what their values mean.

use std::collections::BTreeMap;

use super::PropertiesError;

/// Where values of the command line come from, as error messages say it.
const COMMAND_LINE: &str = "--set";

/// A value and where it stands.
pub(super) struct Entry {
    /// File and line, or the command line.
    place: String,
    /// What stands after the `=`, without space around it.
    pub(super) value: String,
}

impl Entry {
    /// The error that says why the value of `key` cannot be used.
    pub(super) fn wrong(&self, key: &'static str, why: String) -> PropertiesError {
        PropertiesError::Value { place: self.place.clone(), key, value: self.value.clone(), why }
    }
}

/// What is set, by key.
pub(super) struct Entries(BTreeMap<String, Entry>);

impl Entries {
    /// Reads the lines of a file, then those of the command line, which win.
    pub(super) fn read(
        file: &str,
        content: &str,
        overrides: &[String],
    ) -> Result<Self, PropertiesError> {
        let mut entries = Self(BTreeMap::new());
        for (number, line) in (1..).zip(content.lines()) {
            let line = line.trim();
            if !(line.is_empty() || line.starts_with('#') || line.starts_with('!')) {
                entries.set(format!("{file}:{number}"), line)?;
            }
        }
        for assignment in overrides {
            entries.set(COMMAND_LINE.to_owned(), assignment)?;
        }
        Ok(entries)
    }

    /// The value of `key`, which is taken out.
    pub(super) fn take(&mut self, key: &str) -> Option<Entry> {
        self.0.remove(key)
    }

    /// The keys that nobody has taken, each with its place, in the order of places.
    pub(super) fn left_over(self) -> Vec<String> {
        let (mut file, mut line) = (Vec::new(), Vec::new());
        for (key, entry) in self.0 {
            let list = if entry.place == COMMAND_LINE { &mut line } else { &mut file };
            list.push(format!("{}: {key}", entry.place));
        }
        file.append(&mut line);
        file
    }

    fn set(&mut self, place: String, text: &str) -> Result<(), PropertiesError> {
        match text.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => {
                let entry = Entry { place, value: value.trim().to_owned() };
                self.0.insert(key.trim().to_owned(), entry);
                Ok(())
            }
            _ => Err(PropertiesError::NoAssignment { place, text: text.to_owned() }),
        }
    }
}
