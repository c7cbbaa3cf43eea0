//! When a policy's copies are due. Pure: a time zone and a moment come in, the next moment comes out.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Kinds of policies, in the order of the API's numbers.
pub(crate) const KINDS: [&str; 4] = ["HOURLY", "DAILY", "WEEKLY", "MONTHLY"];

const MINUTE: i64 = 60;

/// When a policy's copies are made, by the clock of its time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Schedule {
    /// At a minute of every hour.
    Hourly { minute: i8 },
    /// At a time of every day.
    Daily { minute: i8, hour: i8 },
    /// At a time of a day of every week; 1 is Sunday.
    Weekly { minute: i8, hour: i8, day: i8 },
    /// At a time of a day of every month, at most 28.
    Monthly { minute: i8, hour: i8, day: i8 },
}

impl Schedule {
    /// Reads a schedule as the API has it: `MM`, `MM:HH` or `MM:HH:DD`, as its kind has it.
    pub(crate) fn parse(kind: &str, text: &str) -> Option<Self> {
        let mut parts = text.split(':').map(|part| part.trim().parse::<i8>().ok());
        let mut number =
            |from: i8, to: i8| parts.next().flatten().filter(|number| (from..=to).contains(number));
        let minute = number(0, 59)?;
        let schedule = match kind {
            "HOURLY" => Self::Hourly { minute },
            "DAILY" => Self::Daily { minute, hour: number(0, 23)? },
            "WEEKLY" => Self::Weekly { minute, hour: number(0, 23)?, day: number(1, 7)? },
            "MONTHLY" => Self::Monthly { minute, hour: number(0, 23)?, day: number(1, 28)? },
            _ => return None,
        };
        parts.next().is_none().then_some(schedule)
    }

    /// The first moment after `after`. A time that a day does not have, because clocks are put forward, comes as much
    /// later; one that a day has twice comes the first time only.
    pub(crate) fn next(self, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Hourly { minute } => next_hourly(zone, after, minute),
            Self::Daily { minute, hour } => next_day(zone, after, (hour, minute), |_| true),
            Self::Weekly { minute, hour, day } => {
                let is_it = |date: Date| date.weekday().to_sunday_one_offset() == day;
                next_day(zone, after, (hour, minute), is_it)
            }
            Self::Monthly { minute, hour, day } => {
                next_day(zone, after, (hour, minute), |date| date.day() == day)
            }
        }
    }
}

/// A time zone by its name.
pub(crate) fn zone(name: &str) -> Option<TimeZone> {
    if ["UTC", "GMT", "Etc/UTC"].iter().any(|utc| utc.eq_ignore_ascii_case(name)) {
        return Some(TimeZone::UTC); // also on a machine that knows no other
    }
    TimeZone::get(name).ok()
}

fn next_hourly(zone: &TimeZone, after: Timestamp, minute: i8) -> Option<Timestamp> {
    let mut seconds = after.as_second().div_euclid(MINUTE) * MINUTE;
    // more than once only where clocks are put by less than an hour meanwhile
    for _ in 0..4 {
        let local = zone.to_datetime(Timestamp::from_second(seconds).ok()?).minute();
        let wait = match (i64::from(minute) - i64::from(local)).rem_euclid(60) {
            0 if seconds > after.as_second() => 0,
            0 => 60,
            wait => wait,
        };
        if wait == 0 {
            return Timestamp::from_second(seconds).ok();
        }
        seconds += wait * MINUTE;
    }
    None
}

fn next_day(
    zone: &TimeZone,
    after: Timestamp,
    (hour, minute): (i8, i8),
    is_it: impl Fn(Date) -> bool,
) -> Option<Timestamp> {
    let mut date = zone.to_datetime(after).date();
    // A month has at most 31 days, and the day that is meant may just have passed.
    for _ in 0..64 {
        if is_it(date) {
            let at = zone.to_timestamp(date.at(hour, minute, 0, 0)).ok()?;
            if at > after {
                return Some(at);
            }
        }
        date = date.tomorrow().ok()?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn next(kind: &str, schedule: &str, zone: &TimeZone, after: &str) -> String {
        let schedule = Schedule::parse(kind, schedule).unwrap();
        schedule.next(zone, at(after)).unwrap().to_string()
    }

    /// Clocks of central Europe, as a rule that needs no files.
    fn berlin() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
    }

    #[test]
    fn each_kind_comes_at_its_next_time() {
        let utc = TimeZone::UTC;
        // a Sunday
        let now = "2026-11-29T22:30:00Z";
        assert_eq!(next("HOURLY", "15", &utc, now), "2026-11-29T23:15:00Z");
        assert_eq!(next("HOURLY", "30", &utc, now), "2026-11-29T23:30:00Z", "strictly after");
        assert_eq!(next("DAILY", "45:22", &utc, now), "2026-11-29T22:45:00Z");
        assert_eq!(next("DAILY", "15:22", &utc, now), "2026-11-30T22:15:00Z");
        assert_eq!(next("WEEKLY", "0:23:1", &utc, now), "2026-11-29T23:00:00Z");
        assert_eq!(next("WEEKLY", "0:22:1", &utc, now), "2026-12-06T22:00:00Z");
        assert_eq!(next("WEEKLY", "0:22:7", &utc, now), "2026-12-05T22:00:00Z");
        assert_eq!(next("MONTHLY", "0:5:28", &utc, now), "2026-12-28T05:00:00Z");
        assert_eq!(next("MONTHLY", "0:5:1", &utc, now), "2026-12-01T05:00:00Z");
    }

    #[test]
    fn a_time_is_that_of_the_policys_own_clock() {
        assert_eq!(
            next("DAILY", "30:1", &berlin(), "2026-07-01T00:00:00Z"),
            "2026-07-01T23:30:00Z"
        );
        assert_eq!(
            next("DAILY", "30:1", &berlin(), "2026-12-01T00:00:00Z"),
            "2026-12-01T00:30:00Z"
        );
    }

    #[test]
    fn a_time_that_a_day_does_not_have_comes_later_and_one_that_it_has_twice_comes_once() {
        let (none, twice) = ("2026-03-29T00:00:00Z", "2026-10-25T00:00:00Z");
        assert_eq!(next("DAILY", "30:2", &berlin(), none), "2026-03-29T01:30:00Z");
        assert_eq!(
            next("DAILY", "30:2", &berlin(), "2026-03-29T01:30:00Z"),
            "2026-03-30T00:30:00Z"
        );
        assert_eq!(next("DAILY", "30:2", &berlin(), twice), "2026-10-25T00:30:00Z");
        assert_eq!(
            next("DAILY", "30:2", &berlin(), "2026-10-25T00:30:00Z"),
            "2026-10-26T01:30:00Z"
        );
    }

    #[test]
    fn what_is_no_time_is_no_schedule() {
        for (kind, text) in [
            ("HOURLY", "60"),
            ("HOURLY", "1:1"),
            ("HOURLY", ""),
            ("DAILY", "1"),
            ("DAILY", "0:24"),
            ("WEEKLY", "0:0:0"),
            ("WEEKLY", "0:0:8"),
            ("MONTHLY", "0:0:29"),
            ("MONTHLY", "0:0:-1"),
            ("YEARLY", "0"),
        ] {
            assert_eq!(Schedule::parse(kind, text), None, "{kind} {text}");
        }
    }

    fn schedules() -> impl Strategy<Value = Schedule> {
        (0..4_usize, 0..60_i8, 0..24_i8, 1..8_i8, 1..29_i8).prop_map(
            |(kind, minute, hour, weekday, day)| match kind {
                0 => Schedule::Hourly { minute },
                1 => Schedule::Daily { minute, hour },
                2 => Schedule::Weekly { minute, hour, day: weekday },
                _ => Schedule::Monthly { minute, hour, day },
            },
        )
    }

    fn zones() -> impl Strategy<Value = TimeZone> {
        // the last one puts its clocks by half an hour
        let rules = [
            "UTC0",
            "CET-1CEST,M3.5.0,M10.5.0/3",
            "<+0545>-5:45",
            "LHST-10:30LHDT-11,M10.1.0,M4.1.0",
        ];
        (0..rules.len()).prop_map(move |one| TimeZone::posix(rules[one]).unwrap())
    }

    proptest! {
        #[test]
        fn the_next_time_is_later_and_none_lies_between(
            schedule in schedules(), zone in zones(), seconds in 0..4_000_000_000_i64
        ) {
            let after = Timestamp::from_second(seconds).unwrap();
            let next = schedule.next(&zone, after).unwrap();
            prop_assert!(next > after);
            let longest = match schedule {
                Schedule::Hourly { .. } => 2,
                Schedule::Daily { .. } => 2 * 24 + 1,
                Schedule::Weekly { .. } => 8 * 24 + 1,
                Schedule::Monthly { .. } => 32 * 24 + 1,
            };
            prop_assert!(next.as_second() - seconds <= longest * 3600, "{next}");
            // asked at any moment before it, it is the same
            let before = Timestamp::from_second(next.as_second() - 1).unwrap();
            prop_assert_eq!(schedule.next(&zone, before).unwrap(), next);
            let middle = seconds + (next.as_second() - seconds) / 2;
            if middle < next.as_second() {
                let middle = Timestamp::from_second(middle).unwrap();
                prop_assert_eq!(schedule.next(&zone, middle).unwrap(), next);
            }
        }

        #[test]
        fn the_clock_of_the_zone_shows_what_the_schedule_says(
            schedule in schedules(), seconds in 0..4_000_000_000_i64
        ) {
            let zone = TimeZone::posix("<+0545>-5:45").unwrap();
            let next = schedule.next(&zone, Timestamp::from_second(seconds).unwrap()).unwrap();
            let local = zone.to_datetime(next);
            let (minute, hour) = match schedule {
                Schedule::Hourly { minute } => (minute, local.hour()),
                Schedule::Daily { minute, hour } => (minute, hour),
                Schedule::Weekly { minute, hour, day } => {
                    prop_assert_eq!(local.weekday().to_sunday_one_offset(), day);
                    (minute, hour)
                }
                Schedule::Monthly { minute, hour, day } => {
                    prop_assert_eq!(local.day(), day);
                    (minute, hour)
                }
            };
            prop_assert_eq!((local.minute(), local.hour(), local.second()), (minute, hour, 0));
        }
    }
}
