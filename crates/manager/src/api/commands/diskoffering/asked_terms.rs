//! What requests say of disks' speed and caching: the same parameters for disk offerings and for the root volumes of
//! service offerings.

use hostler_model::{DiskCache, DiskTerms, Throttle};

use crate::api::failure::Failure;

/// Rate, most and length of one throttle, as they are given; 0: no limit.
pub(crate) type AskedThrottle = [Option<i64>; 3];

/// What a request says; what it leaves out stays.
#[derive(Debug, Clone)]
pub(crate) struct AskedTerms {
    pub(crate) read_bytes: AskedThrottle,
    pub(crate) write_bytes: AskedThrottle,
    pub(crate) read_operations: AskedThrottle,
    pub(crate) write_operations: AskedThrottle,
    pub(crate) cache: Option<String>,
}

/// The [`AskedTerms`] of a command that has these parameters.
macro_rules! asked_terms {
    ($command:ident) => {
        $crate::api::commands::diskoffering::asked_terms::AskedTerms {
            read_bytes: [
                $command.bytesreadrate,
                $command.bytesreadratemax,
                $command.bytesreadratemaxlength,
            ],
            write_bytes: [
                $command.byteswriterate,
                $command.byteswriteratemax,
                $command.byteswriteratemaxlength,
            ],
            read_operations: [
                $command.iopsreadrate,
                $command.iopsreadratemax,
                $command.iopsreadratemaxlength,
            ],
            write_operations: [
                $command.iopswriterate,
                $command.iopswriteratemax,
                $command.iopswriteratemaxlength,
            ],
            cache: $command.cachemode.clone(),
        }
    };
}
pub(crate) use asked_terms;

impl AskedTerms {
    /// The terms `old` with what the request changes.
    ///
    /// # Errors
    /// [`Failure`] names the parameter that is wrong, and how.
    pub(crate) fn change(self, old: DiskTerms) -> Result<DiskTerms, Failure> {
        Ok(DiskTerms {
            read_bytes: throttle("bytesreadrate", self.read_bytes, old.read_bytes)?,
            write_bytes: throttle("byteswriterate", self.write_bytes, old.write_bytes)?,
            read_operations: throttle("iopsreadrate", self.read_operations, old.read_operations)?,
            write_operations: throttle(
                "iopswriterate",
                self.write_operations,
                old.write_operations,
            )?,
            cache: match self.cache {
                None => old.cache,
                Some(word) => DiskCache::of_word(&word).ok_or_else(|| {
                    let known: Vec<_> = DiskCache::ALL.iter().map(|cache| cache.word()).collect();
                    let known = known.join(", ");
                    Failure::invalid(format!(
                        "cachemode {word:?} is not known; give one of {known}"
                    ))
                })?,
            },
        })
    }
}

fn throttle(param: &str, asked: AskedThrottle, old: Throttle) -> Result<Throttle, Failure> {
    let [rate, most, length] = asked;
    let changed = |suffix: &str, asked: Option<i64>, old: Option<u64>| match asked {
        None => Ok(old),
        Some(amount) => {
            u64::try_from(amount).map(|amount| Some(amount).filter(|n| *n > 0)).map_err(|_| {
                Failure::invalid(format!(
                    "{param}{suffix} is {amount}; give a number from 0, which is no limit"
                ))
            })
        }
    };
    let new = Throttle {
        per_second: changed("", rate, old.per_second)?,
        burst: changed("max", most, old.burst)?,
        burst_seconds: changed("maxlength", length, old.burst_seconds)?,
    };
    new.check()
        .map_err(|e| Failure::invalid(format!("{param}, {param}max and {param}maxlength: {e}")))
}
