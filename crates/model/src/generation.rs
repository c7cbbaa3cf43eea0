//! Counters that tell newer from older.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How new a piece of news about a VM's run is.
///
/// Whoever owns the run raises it: the manager until the start command is sent, the agent while the run
/// lives. The record takes only a larger one, an agent refuses a smaller one, so late news cannot hurt.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Generation(pub u64);

impl Generation {
    /// The generation of a run that was only just claimed.
    pub const FIRST: Self = Self(1);

    /// The generation after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How often a record was changed: an update names the version that it saw.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Version(pub i64);

impl Version {
    /// The version of a record that was just written for the first time.
    pub const FIRST: Self = Self(1);

    /// The version after one more change.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}
