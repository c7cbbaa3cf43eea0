//! What an offering says of disks beside their size: how fast they may be, and whether the host caches them.

use serde::{Deserialize, Serialize};

use crate::transition::named_enum;

/// What is agreed about a disk. The default: as fast as it goes, not cached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DiskTerms {
    /// Bytes read.
    pub read_bytes: Throttle,
    /// Bytes written.
    pub write_bytes: Throttle,
    /// Reading operations.
    pub read_operations: Throttle,
    /// Writing operations.
    pub write_operations: Throttle,
    /// What the host does with what is written.
    pub cache: DiskCache,
}

impl DiskTerms {
    /// Whether any of it is limited.
    pub fn is_throttled(&self) -> bool {
        [self.read_bytes, self.write_bytes, self.read_operations, self.write_operations]
            .iter()
            .any(|throttle| throttle.per_second.is_some())
    }
}

/// How much of something may be had in a second; nothing: no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Throttle {
    /// In every second, in the long run.
    pub per_second: Option<u64>,
    /// In a second after a pause.
    pub burst: Option<u64>,
    /// So many seconds the burst may last; one, if that is not said.
    pub burst_seconds: Option<u64>,
}

/// The most that QEMU counts with: `THROTTLE_VALUE_MAX`.
const MOST: u64 = 1_000_000_000_000_000;

impl Throttle {
    /// What is wrong with it, if anything: QEMU refuses a guest whose disk has such a throttle.
    ///
    /// # Errors
    /// [`ThrottleError`].
    pub fn check(self) -> Result<Self, ThrottleError> {
        let Self { per_second, burst, burst_seconds } = self;
        if [per_second, burst, burst_seconds].contains(&Some(0)) {
            return Err(ThrottleError::Zero);
        }
        match (per_second, burst, burst_seconds) {
            (None, Some(_), _) => Err(ThrottleError::BurstAlone),
            (_, None, Some(_)) => Err(ThrottleError::LengthAlone),
            (Some(rate), Some(burst), _) if burst < rate => {
                Err(ThrottleError::LowBurst { rate, burst })
            }
            (rate, burst, seconds) => {
                let most = burst.or(rate).unwrap_or_default();
                match most.checked_mul(seconds.unwrap_or(1)) {
                    Some(amount) if amount <= MOST => Ok(self),
                    _ => Err(ThrottleError::TooMuch),
                }
            }
        }
    }
}

/// Why a disk cannot be throttled like that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ThrottleError {
    /// Nothing could be read or written.
    #[error("0 lets nothing through; leave it out for no limit")]
    Zero,
    /// More for a while than what?
    #[error("a most needs a rate; give both, or the rate alone")]
    BurstAlone,
    /// How long may what last?
    #[error("a length needs a most; give both, or neither")]
    LengthAlone,
    /// The burst would be slower than the rest.
    #[error("the most ({burst}) is less than the rate ({rate}); swap them")]
    LowBurst {
        /// In the long run.
        rate: u64,
        /// For a while.
        burst: u64,
    },
    /// QEMU cannot count that far.
    #[error("the most times its length is above {MOST}; give less, or leave it out for no limit")]
    TooMuch,
}

named_enum! {
    /// What the host does with what a guest writes (attribute `cache` of libvirt's `<driver>`).
    #[derive(Default)]
    DiskCache {
        /// Nothing is kept: it goes to the disk.
        #[default]
        None,
        /// It is kept, and written later; what the guest flushes is written then.
        Writeback,
        /// It is kept for readers, and written at once.
        Writethrough,
        /// As QEMU does when nothing is said.
        Hypervisor,
    }
}

impl DiskCache {
    /// The API's name.
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Writeback => "writeback",
            Self::Writethrough => "writethrough",
            Self::Hypervisor => "hypervisor_default",
        }
    }

    /// The one that the API calls so, however it is spelled.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|cache| cache.word().eq_ignore_ascii_case(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttle(
        per_second: Option<u64>,
        burst: Option<u64>,
        burst_seconds: Option<u64>,
    ) -> Result<Throttle, ThrottleError> {
        Throttle { per_second, burst, burst_seconds }.check()
    }

    #[test]
    fn a_burst_is_more_than_its_rate_and_lasts_a_while() {
        for (rate, burst, seconds) in
            [(None, None, None), (Some(10), None, None), (Some(10), Some(10), None)]
        {
            assert!(throttle(rate, burst, seconds).is_ok());
        }
        assert!(throttle(Some(10), Some(20), Some(60)).is_ok());
        assert_eq!(throttle(None, Some(20), None), Err(ThrottleError::BurstAlone));
        assert_eq!(throttle(Some(10), None, Some(60)), Err(ThrottleError::LengthAlone));
        let low = ThrottleError::LowBurst { rate: 10, burst: 9 };
        assert_eq!(throttle(Some(10), Some(9), None), Err(low));
    }

    #[test]
    fn what_qemu_refuses_is_refused_before() {
        assert_eq!(throttle(Some(0), None, None), Err(ThrottleError::Zero));
        assert!(throttle(Some(MOST), None, None).is_ok());
        assert_eq!(throttle(Some(MOST + 1), None, None), Err(ThrottleError::TooMuch));
        assert_eq!(throttle(Some(1), Some(MOST), Some(2)), Err(ThrottleError::TooMuch));
        assert_eq!(throttle(Some(1), Some(u64::MAX), Some(u64::MAX)), Err(ThrottleError::TooMuch));
    }

    #[test]
    fn what_an_older_record_does_not_say_is_the_default() {
        let terms: DiskTerms = serde_json::from_str(r#"{"read_bytes":{"per_second":1}}"#).unwrap();
        assert_eq!(terms.read_bytes.per_second, Some(1));
        assert_eq!((terms.cache, terms.write_bytes), (DiskCache::None, Throttle::default()));
        assert_eq!(DiskCache::of_word("WriteBack"), Some(DiskCache::Writeback));
        assert!(terms.is_throttled() && !DiskTerms::default().is_throttled());
    }
}
