//! What requests say of disks' speed and caching: the same parameters for disk offerings and for the root volumes of
//! service offerings.

use hostler_model::{DiskCache, DiskTerms, Throttle};
use hostler_query_api::kinds::Slot;
use hostler_query_api::{ParamDecl, ParamType};

use crate::api::call::Call;
use crate::api::failure::Failure;

/// The parameters, for a command that is declared `.also(DISK_TERMS)`; [`AskedTerms::read`] reads them.
pub(crate) const DISK_TERMS: &[&[ParamDecl]] =
    &[&READ_BYTES, &WRITE_BYTES, &READ_OPERATIONS, &WRITE_OPERATIONS, &[CACHE]];

const READ_BYTES: [ParamDecl; 3] = throttled(
    ["bytesreadrate", "bytesreadratemax", "bytesreadratemaxlength"],
    "Bytes that may be read in a second, at most; 0: no limit.",
);
const WRITE_BYTES: [ParamDecl; 3] = throttled(
    ["byteswriterate", "byteswriteratemax", "byteswriteratemaxlength"],
    "Bytes that may be written in a second, at most; 0: no limit.",
);
const READ_OPERATIONS: [ParamDecl; 3] = throttled(
    ["iopsreadrate", "iopsreadratemax", "iopsreadratemaxlength"],
    "Reading operations in a second, at most; 0: no limit.",
);
const WRITE_OPERATIONS: [ParamDecl; 3] = throttled(
    ["iopswriterate", "iopswriteratemax", "iopswriteratemaxlength"],
    "Writing operations in a second, at most; 0: no limit.",
);
const CACHE: ParamDecl = ParamDecl::new(
    "cachemode",
    ParamType::String,
    false,
    "What hosts do with what is written: none, writeback, writethrough or hypervisor_default; none by default.",
);

const fn throttled([rate, most, length]: [&'static str; 3], what: &'static str) -> [ParamDecl; 3] {
    let most_is = "The same for a while after a pause; not less than the rate.";
    let length_is = "How long that while may be, in seconds; 1 by default.";
    [
        ParamDecl::new(rate, ParamType::Long, false, what),
        ParamDecl::new(most, ParamType::Long, false, most_is),
        ParamDecl::new(length, ParamType::Long, false, length_is),
    ]
}

/// Rate, most and length of one throttle, as they are given; 0: no limit.
type AskedThrottle = [Option<i64>; 3];

/// What a request says; what it leaves out stays.
#[derive(Debug, Clone)]
pub(crate) struct AskedTerms {
    read_bytes: AskedThrottle,
    write_bytes: AskedThrottle,
    read_operations: AskedThrottle,
    write_operations: AskedThrottle,
    cache: Option<String>,
}

impl AskedTerms {
    /// Reads them from a request.
    ///
    /// # Errors
    /// [`Failure`] for what is no number.
    pub(crate) fn read(call: Call<'_>) -> Result<Self, Failure> {
        let slot =
            |param: &'static ParamDecl| Slot { params: call.params, command: call.command, param };
        let three = |[rate, most, length]: &'static [ParamDecl; 3]| {
            Ok::<_, Failure>([slot(rate).long()?, slot(most).long()?, slot(length).long()?])
        };
        Ok(Self {
            read_bytes: three(&READ_BYTES)?,
            write_bytes: three(&WRITE_BYTES)?,
            read_operations: three(&READ_OPERATIONS)?,
            write_operations: three(&WRITE_OPERATIONS)?,
            cache: slot(&CACHE).string()?,
        })
    }

    /// The terms `old` with what the request changes.
    ///
    /// # Errors
    /// [`Failure`] names the parameter that is wrong, and how.
    pub(crate) fn change(self, old: DiskTerms) -> Result<DiskTerms, Failure> {
        Ok(DiskTerms {
            read_bytes: throttle(&READ_BYTES, self.read_bytes, old.read_bytes)?,
            write_bytes: throttle(&WRITE_BYTES, self.write_bytes, old.write_bytes)?,
            read_operations: throttle(&READ_OPERATIONS, self.read_operations, old.read_operations)?,
            write_operations: throttle(
                &WRITE_OPERATIONS,
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

fn throttle(
    params: &[ParamDecl; 3],
    asked: AskedThrottle,
    old: Throttle,
) -> Result<Throttle, Failure> {
    let [rate, most, length] = params.map(|param| param.name);
    let changed = |param: &str, asked: Option<i64>, old: Option<u64>| match asked {
        None => Ok(old),
        Some(amount) => {
            u64::try_from(amount).map(|amount| Some(amount).filter(|n| *n > 0)).map_err(|_| {
                Failure::invalid(format!(
                    "{param} is {amount}; give a number from 0, which is no limit"
                ))
            })
        }
    };
    let new = Throttle {
        per_second: changed(rate, asked[0], old.per_second)?,
        burst: changed(most, asked[1], old.burst)?,
        burst_seconds: changed(length, asked[2], old.burst_seconds)?,
    };
    new.check().map_err(|e| Failure::invalid(format!("{rate}, {most} and {length}: {e}")))
}
