//! What the record knows of a run, and what it believes of one that a host tells of. Pure.

use std::time::Duration;

use hostler_model::{Believed, HostId, Look, PowerReason, PowerState, RunState, VmState};
use hostler_store::run::RunRow;
use hostler_store::run_sight::VmStanding;
use hostler_store::stray::StrayRow;

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

/// What the record believes of a run on its own host.
pub const fn believed_here(state: RunState) -> Believed {
    match state {
        RunState::Claimed => Believed::ClaimedHere,
        RunState::Starting => Believed::StartingHere,
        RunState::Running => Believed::RunningHere,
        RunState::Stopping => Believed::StoppingHere,
        RunState::Ended => Believed::Ended,
    }
}

/// What the record believes of a run that it does not have alive on the host that tells of it; `known` are runs and
/// `standing` are VMs that it has.
pub fn believed_of(
    host: HostId,
    stray: &StrayRow,
    known: &[RunRow],
    standing: &[VmStanding],
) -> Believed {
    if let Some(run) = known.iter().find(|run| run.id == stray.seen.run) {
        let has_left = run.power_reason == PowerReason::Migrated || run.missing.is_some();
        return match run.state {
            RunState::Ended => Believed::Ended,
            state if run.host == host => believed_here(state),
            _ if has_left => Believed::LeftElsewhere,
            _ => Believed::Elsewhere,
        };
    }
    match standing.iter().find(|standing| standing.vm == stray.seen.vm) {
        Some(VmStanding { alive: Some((_, other)), .. }) if *other == host => Believed::NewerHere,
        Some(VmStanding { alive: Some(_), .. }) => Believed::NewerElsewhere,
        Some(VmStanding { state: VmState::Stopped, .. }) => Believed::NewerAtRest,
        _ => Believed::NoVm,
    }
}
