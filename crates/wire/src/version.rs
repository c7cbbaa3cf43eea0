//! Protocol versions, and how two peers agree on one.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A version of the message bodies. Any change to a body raises [`ProtocolVersion::CURRENT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProtocolVersion(pub u16);

impl ProtocolVersion {
    /// What this build writes to a peer that knows it too.
    pub const CURRENT: Self = Self(1);
    /// The oldest version that this build still reads and writes.
    pub const OLDEST: Self = Self(1);
}

impl fmt::Display for ProtocolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

/// The versions that a peer can read and write, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionRange {
    /// The oldest.
    pub oldest: ProtocolVersion,
    /// The newest.
    pub newest: ProtocolVersion,
}

impl VersionRange {
    /// What this build knows.
    pub const OURS: Self =
        Self { oldest: ProtocolVersion::OLDEST, newest: ProtocolVersion::CURRENT };

    /// The newest version that both know, if there is one.
    pub fn common(self, other: Self) -> Option<ProtocolVersion> {
        let newest = self.newest.min(other.newest);
        (newest >= self.oldest && newest >= other.oldest).then_some(newest)
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.oldest, self.newest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(oldest: u16, newest: u16) -> VersionRange {
        VersionRange { oldest: ProtocolVersion(oldest), newest: ProtocolVersion(newest) }
    }

    #[test]
    fn peers_one_version_apart_speak_the_older() {
        assert_eq!(range(1, 2).common(range(2, 3)), Some(ProtocolVersion(2)));
    }

    #[test]
    fn peers_without_a_common_version_do_not_speak() {
        assert_eq!(range(1, 2).common(range(3, 4)), None);
        assert_eq!(range(3, 4).common(range(1, 2)), None);
    }
}
