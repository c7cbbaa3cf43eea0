//! The parameters of one request: merged from query and body, found without regard to case.
//!
//! Not here: what a parameter must look like (`kinds`), and which a command has (`declare`).

use std::collections::BTreeMap;

use crate::encoding;
use crate::error::ApiError;

/// Most parameters a request may carry.
pub const MAX_PARAMS: usize = 5000;

/// Parameters of one request. Of a repeated name the last value counts, and the query string wins over the body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params {
    /// By the name as it was sent.
    raw: BTreeMap<String, String>,
    /// Lower-cased name to raw name.
    names: BTreeMap<String, String>,
}

impl Params {
    /// Reads the query string and, for a form POST, the body. Both are still encoded.
    ///
    /// # Errors
    /// 431 when there are more than [`MAX_PARAMS`].
    pub fn parse(query: &str, body: &str) -> Result<Self, ApiError> {
        let mut params = Self::default();
        for (name, value) in encoding::pairs(body).chain(encoding::pairs(query)) {
            params.set(name, value);
            if params.raw.len() > MAX_PARAMS {
                return Err(ApiError::invalid(format!(
                    "more than {MAX_PARAMS} parameters in one request; send fewer"
                )));
            }
        }
        Ok(params)
    }

    /// Sets one parameter; a later value replaces an earlier one.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let name = name.into();
        self.names.insert(name.to_lowercase(), name.clone());
        self.raw.insert(name, value.into());
    }

    /// The value of a parameter, by its name in any case.
    pub fn get(&self, name: &str) -> Option<&str> {
        let raw = self.names.get(name).or_else(|| self.names.get(&name.to_lowercase()))?;
        self.raw.get(raw).map(String::as_str)
    }

    /// The value, unless it is absent or blank; trimmed.
    pub fn get_filled(&self, name: &str) -> Option<&str> {
        self.get(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// The value of `command`.
    pub fn command(&self) -> Option<&str> {
        self.get_filled("command")
    }

    /// Names and values as they were sent, in byte order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.raw.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }

    /// Whether any `name[…]` or plain `name` was sent.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some() || self.map_entries(name).next().is_some()
    }

    /// Whether the request has a value for `name`, or an entry of it as a map: an empty one is none.
    pub fn has_value(&self, name: &str) -> bool {
        self.get_filled(name).is_some() || self.map_entries(name).next().is_some()
    }

    /// What every command checks first: no control characters in values, no malformed `x[…]`.
    ///
    /// # Errors
    /// 431 and 430.
    pub fn check(&self) -> Result<(), ApiError> {
        for (name, value) in self.iter() {
            if value.chars().any(|c| c.is_ascii_control() && c != '\n' && c != '\r') {
                return Err(ApiError::control_character(name));
            }
            if name.contains('[') && MapName::parse(name).is_none() {
                return Err(ApiError::malformed_map(name));
            }
        }
        Ok(())
    }

    /// The records of `name[i].field=value`: one map an index, in order of the indexes. Fields keep their case.
    pub fn records(&self, name: &str) -> Vec<BTreeMap<String, String>> {
        let mut records: BTreeMap<u32, BTreeMap<String, String>> = BTreeMap::new();
        for (entry, value) in self.map_entries(name) {
            records
                .entry(entry.index)
                .or_default()
                .insert(entry.field.to_owned(), value.to_owned());
        }
        records.into_values().collect()
    }

    /// Every `(field, value)` of `name[i].field=value`, under whatever index.
    pub fn merged_map(&self, name: &str) -> BTreeMap<String, String> {
        self.records(name).into_iter().flatten().collect()
    }

    /// The fields under the lowest index only.
    pub fn first_map(&self, name: &str) -> BTreeMap<String, String> {
        self.records(name).into_iter().next().unwrap_or_default()
    }

    /// Names that `known` does not accept (it is asked with the lower-cased name before any `[`).
    pub fn unknown<'a>(
        &'a self,
        known: impl Fn(&str) -> bool + 'a,
    ) -> impl Iterator<Item = &'a str> {
        self.raw.keys().map(String::as_str).filter(move |name| {
            let base = name.split('[').next().unwrap_or(name).to_lowercase();
            !known(&base)
        })
    }

    fn map_entries<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (MapName<'a>, &'a str)> {
        self.iter().filter_map(move |(raw, value)| {
            let entry = MapName::parse(raw)?;
            entry.base.eq_ignore_ascii_case(name).then_some((entry, value))
        })
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Params {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut params = Self::default();
        for (name, value) in pairs {
            params.set(name, value);
        }
        params
    }
}

/// `base[index].field`.
struct MapName<'a> {
    base: &'a str,
    index: u32,
    field: &'a str,
}

impl<'a> MapName<'a> {
    fn parse(raw: &'a str) -> Option<Self> {
        let (base, rest) = raw.split_once('[')?;
        let (index, field) = rest.split_once("].")?;
        let plain = !base.is_empty() && !field.is_empty() && !field.contains(['[', ']']);
        Some(Self { base, index: index.parse().ok()?, field }).filter(|_| plain)
    }
}
