//! What the record knows of a run from its host. Pure.

use std::time::Duration;

use hostler_model::{Look, PowerReason, PowerState};
use hostler_store::run::RunRow;

/// What the record knows of a run from its host. Missing is not gone: that takes two complete listings, at least
/// `grace` apart, with none between them that had it.
pub fn look_of(run: &RunRow, grace: Duration) -> Look {
    let grace = i64::try_from(grace.as_millis()).unwrap_or(i64::MAX);
    match (run.power, run.power_reason, run.missing) {
        (PowerState::Off, PowerReason::Migrated, _) => Look::Left,
        (PowerState::Off, ..) => Look::Off,
        (.., Some((since, last))) if last > since && last.0 - since.0 >= grace => Look::Gone,
        (.., Some(_)) | (PowerState::Unknown, PowerReason::Missing, _) => Look::Missing,
        (PowerState::On, ..) => Look::On,
        (PowerState::Unknown, ..) => Look::Unknown,
    }
}
