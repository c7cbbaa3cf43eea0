//! By whose clock users live.

use hostler_model::Timestamp;
use jiff::tz::TimeZone;

use super::call::Call;
use super::failure::Failure;
use crate::orchestration::snapshot::zone;

impl Call<'_> {
    /// The name of a time zone.
    ///
    /// # Errors
    /// 431: there is none of that name.
    pub(crate) fn timezone(&self, text: Option<String>) -> Result<Option<String>, Failure> {
        match text {
            Some(name) if zone(&name).is_none() => {
                let expected = "a time zone that the controller knows, as UTC or Europe/Berlin";
                Err(self.wrong("timezone", &name, expected))
            }
            other => Ok(other),
        }
    }
}

/// How far a zone is ahead of UTC at a moment, in hours.
pub(super) fn offset_hours(name: &str, now: Timestamp) -> String {
    let (zone, now) =
        (zone(name).unwrap_or(TimeZone::UTC), jiff::Timestamp::from_millisecond(now.0));
    let seconds = zone.to_offset(now.unwrap_or_default()).seconds();
    format!("{:?}", f64::from(seconds) / 3600.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utc_is_not_ahead_and_neither_is_what_nobody_knows() {
        for name in ["UTC", "Etc/UTC", "Nowhere/Land"] {
            assert_eq!(offset_hours(name, Timestamp(0)), "0.0", "{name}");
        }
    }
}
