//! Dates of the API: the one form that goes out, the several that come in.
//!
//! Not here: reading a clock.

pub use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

/// A time as answers carry it: `yyyy-MM-dd'T'HH:mm:ss+0000`, always UTC.
pub fn format(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S+0000").to_string()
}

/// Where in a day a bare date points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BareDate {
    /// 00:00:00.
    StartOfDay,
    /// 23:59:59.
    EndOfDay,
}

/// Reads a date parameter: ISO 8601 with an offset (`Z`, `+01:00`, `+0100`), `yyyy-MM-dd HH:mm:ss`, or
/// `yyyy-MM-dd`. What has no offset is UTC. None when it is none of these.
pub fn parse(text: &str, bare: BareDate) -> Option<Timestamp> {
    let text = text.trim();
    if let Some(time) = parse_with_offset(text) {
        return Some(time);
    }
    let time = if let Ok(date) = text.parse::<Date>()
        && text.len() <= 10
    {
        let time = match bare {
            BareDate::StartOfDay => Time::midnight(),
            BareDate::EndOfDay => Time::constant(23, 59, 59, 0),
        };
        date.to_datetime(time)
    } else {
        text.parse::<DateTime>().ok()?
    };
    time.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// Reads an ISO 8601 time that says its offset, with or without fractions of a second.
pub fn parse_with_offset(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        ["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S%.f%z"]
            .iter()
            .find_map(|format| Timestamp::strptime(format, text).ok())
    })
}
