//! What has happened, in words and by names: the same for the same seed.

use std::sync::{Arc, Mutex, PoisonError};

use crate::machine;

/// The story of a seed. Cloning it shares it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trace(Arc<Mutex<Vec<String>>>);

impl Trace {
    /// Adds a line, with the time.
    pub(crate) fn tell(&self, line: impl AsRef<str>) {
        let now = machine::now();
        let line = format!("{:>4}.{:03} {}", now / 1000, now % 1000, line.as_ref());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    /// All lines.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A number that is another one for another story (FNV-1a).
    pub(crate) fn hash(&self) -> u64 {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = lines.iter().flat_map(|line| line.bytes().chain([b'\n']));
        bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }
}
