//! Amounts, each with its unit in its type.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount of memory in MiB, the unit of service offerings.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Mib(pub u64);

impl Mib {
    /// The same amount in KiB, the unit of libvirt's `<memory>`.
    pub const fn as_kib(self) -> u64 {
        self.0.saturating_mul(1024)
    }

    /// The same amount in bytes.
    pub const fn as_bytes(self) -> Bytes {
        Bytes(self.0.saturating_mul(1024 * 1024))
    }
}

impl fmt::Display for Mib {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} MiB", self.0)
    }
}

/// A size or an amount of data in bytes.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Bytes(pub u64);

impl Bytes {
    /// From GiB, the unit of disk sizes in the API.
    pub const fn from_gib(gib: u64) -> Self {
        Self(gib.saturating_mul(1 << 30))
    }

    /// Whole GiB, rounded up: what the API shows of a size.
    pub const fn as_gib_rounded_up(self) -> u64 {
        self.0.div_ceil(1 << 30)
    }

    /// Whole MiB, rounded down.
    pub const fn as_mib(self) -> Mib {
        Mib(self.0 >> 20)
    }
}

impl fmt::Display for Bytes {
    #[allow(clippy::cast_precision_loss)] // for reading only
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
        if self.0 < 1024 {
            return write!(f, "{} B", self.0);
        }
        let mut amount = self.0 as f64 / 1024.0;
        let mut unit = 0;
        while amount >= 1024.0 && unit < UNITS.len() - 1 {
            amount /= 1024.0;
            unit += 1;
        }
        write!(f, "{amount:.1} {}", UNITS[unit])
    }
}

/// A clock speed, or an amount of CPU time per second, in MHz: the unit of service offerings.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Mhz(pub u64);

impl fmt::Display for Mhz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} MHz", self.0)
    }
}

/// What an amount that was sold takes of a physical machine whose amounts are sold `ratio` times; rounded up.
///
/// A ratio below 1, or none, sells nothing less than there is: then it is the amount itself.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)] // far below 2^52
pub fn of_physical(sold: u64, ratio: f64) -> u64 {
    if ratio <= 1.0 || !ratio.is_finite() { sold } else { (sold as f64 / ratio).ceil() as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_shown_in_the_unit_that_a_person_would_choose() {
        assert_eq!(Bytes(512).to_string(), "512 B");
        assert_eq!(Bytes(1536).to_string(), "1.5 KiB");
        assert_eq!(Bytes::from_gib(20).to_string(), "20.0 GiB");
    }

    #[test]
    fn a_started_gib_counts_as_a_whole_one() {
        assert_eq!(Bytes(1).as_gib_rounded_up(), 1);
        assert_eq!(Bytes::from_gib(3).as_gib_rounded_up(), 3);
    }
}
