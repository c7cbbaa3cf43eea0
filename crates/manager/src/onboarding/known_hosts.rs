//! The SSH keys of hosts, pinned at the first use: one line `ADDRESS:PORT SHA256:...` a host.
//!
//! A key that changes is refused until a person removes its line: the machine was reinstalled, or it is
//! another one.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::ca::{CaError, private_folder, write_file};

/// The file.
#[derive(Debug)]
pub struct KnownHosts {
    path: PathBuf,
    turn: Mutex<()>,
}

/// The file cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot use {path}: {why}")]
pub struct KnownHostsError {
    path: String,
    why: String,
}

impl KnownHosts {
    /// The file at `path`, which is made when the first key is pinned.
    pub fn new(path: PathBuf) -> Self {
        Self { path, turn: Mutex::new(()) }
    }

    /// Where it is, for people.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn error(&self, why: &dyn std::fmt::Display) -> KnownHostsError {
        KnownHostsError { path: self.path.display().to_string(), why: why.to_string() }
    }

    fn read(&self) -> Result<String, KnownHostsError> {
        match std::fs::read_to_string(&self.path) {
            Ok(text) => Ok(text),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
            Err(e) => Err(self.error(&e)),
        }
    }

    /// The fingerprint pinned for `endpoint` (`address:port`), if one is.
    ///
    /// # Errors
    /// [`KnownHostsError`]; an unreadable file must not look like an empty one.
    pub fn pinned(&self, endpoint: &str) -> Result<Option<String>, KnownHostsError> {
        let text = self.read()?;
        Ok(text
            .lines()
            .filter_map(|line| line.split_once(' '))
            .find(|line| line.0 == endpoint)
            .map(|line| line.1.trim().to_owned()))
    }

    /// Pins `fingerprint` for `endpoint`, if nothing is pinned for it.
    ///
    /// # Errors
    /// [`KnownHostsError`].
    pub fn pin(&self, endpoint: &str, fingerprint: &str) -> Result<(), KnownHostsError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if self.pinned(endpoint)?.is_some() {
            return Ok(());
        }
        if let Some(folder) = self.path.parent() {
            private_folder(folder).map_err(|e: CaError| self.error(&e))?;
        }
        let text = format!("{}{endpoint} {fingerprint}\n", self.read()?);
        write_file(&self.path, &text, 0o600).map_err(|e| self.error(&e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_key_stays() {
        let folder = tempfile::tempdir().unwrap();
        let known = KnownHosts::new(folder.path().join("ssh/known_hosts"));
        assert_eq!(known.pinned("10.0.0.1:22").unwrap(), None);
        known.pin("10.0.0.1:22", "SHA256:a").unwrap();
        known.pin("10.0.0.1:22", "SHA256:b").unwrap();
        known.pin("10.0.0.10:22", "SHA256:c").unwrap();
        assert_eq!(known.pinned("10.0.0.1:22").unwrap().as_deref(), Some("SHA256:a"));
        assert_eq!(known.pinned("10.0.0.10:22").unwrap().as_deref(), Some("SHA256:c"));
    }
}
