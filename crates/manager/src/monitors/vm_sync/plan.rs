//! What a host's word comes to: pure. The table itself is `hostler_model::sync_action`.

use std::collections::BTreeSet;
use std::time::Duration;

use hostler_model::{
    Believed, HostId, Look, PowerReason, PowerState, RunId, RunState, SyncAction, VmId, Work,
    sync_action,
};
use hostler_store::run::RunRow;
use hostler_store::run_sight::VmStanding;
use hostler_store::stray::StrayRow;

use crate::orchestration::vm::{believed_here, believed_of, look_of};

/// What the record has of a host.
#[derive(Debug, Clone, Default)]
pub(super) struct Scene {
    /// Runs that may be alive there.
    pub(super) alive: Vec<RunRow>,
    /// Runs that it tells of beside them.
    pub(super) strays: Vec<StrayRow>,
    /// Those of the strays that the record has.
    pub(super) known: Vec<RunRow>,
    /// What the record says of the VMs of strays.
    pub(super) standing: Vec<VmStanding>,
    /// Whether the record was made from a backup: only then can a host know a run that it does not.
    pub(super) was_restored: bool,
}

impl Scene {
    /// The runs that the host tells of where it agrees with the record.
    pub(super) fn told(&self) -> Vec<RunId> {
        let alive = self.alive.iter().filter(|run| run.state != RunState::Claimed);
        let strays = self.strays.iter().map(|stray| stray.seen.run);
        alive.map(|run| run.id).chain(strays).collect()
    }
}

/// Something to be done about a run.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    /// The VM.
    pub(super) vm: VmId,
    /// What.
    pub(super) action: SyncAction,
    /// With what.
    pub(super) about: About,
}

/// What an action is about.
#[derive(Debug, Clone)]
pub(super) enum About {
    /// A run that may be alive on the host.
    Run(RunRow),
    /// One that the record does not believe there, and what it believes instead.
    Stray(StrayRow, Believed),
}

/// What is to be done about a host's runs. Of a stray that is missing, `is_gone` says whether that is for long enough.
pub(super) fn plan(
    host: HostId,
    scene: &Scene,
    grace: Duration,
    work: impl Fn(VmId) -> Work,
    is_gone: impl Fn(&StrayRow) -> bool,
) -> Vec<Planned> {
    // A host has one domain of a VM: where it tells of a newer run, the older one is no question any more.
    let newer: BTreeSet<VmId> = scene
        .strays
        .iter()
        .filter(|stray| stray.seen.power == PowerState::On)
        .filter(|stray| {
            believed_of(host, stray, &scene.known, &scene.standing) == Believed::NewerHere
        })
        .map(|stray| stray.seen.vm)
        .collect();
    let runs = scene.alive.iter().filter(|run| !newer.contains(&run.vm)).map(|run| {
        let action = sync_action(believed_here(run.state), look_of(run, grace), work(run.vm));
        Planned { vm: run.vm, action, about: About::Run(run.clone()) }
    });
    let strays = scene.strays.iter().map(|stray| {
        let believed = believed_of(host, stray, &scene.known, &scene.standing);
        let look = match stray.seen.power {
            PowerState::On => Look::On,
            PowerState::Off => Look::Off,
            PowerState::Unknown if stray.seen.reason != PowerReason::Missing => Look::Unknown,
            PowerState::Unknown if is_gone(stray) => Look::Gone,
            PowerState::Unknown => Look::Missing,
        };
        let action = match sync_action(believed, look, work(stray.seen.vm)) {
            SyncAction::TakeUp if !scene.was_restored => SyncAction::Keep,
            action => action,
        };
        Planned { vm: stray.seen.vm, action, about: About::Stray(stray.clone(), believed) }
    });
    runs.chain(strays).filter(|planned| planned.action != SyncAction::Nothing).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hostler_model::{Generation, InstanceName, Timestamp, VmState};
    use hostler_store::run_sight::Sighting;
    use uuid::Uuid;

    const GRACE: Duration = Duration::from_mins(1);

    fn host(number: u128) -> HostId {
        HostId::new(Uuid::from_u128(number))
    }

    fn run(state: RunState, power: PowerState, reason: PowerReason) -> RunRow {
        RunRow {
            id: RunId::new(Uuid::from_u128(1)),
            vm: VmId::new(Uuid::from_u128(2)),
            host: host(3),
            generation: Generation(4),
            state,
            power,
            power_reason: reason,
            power_seen: None,
            missing: None,
        }
    }

    fn stray(run: u128) -> StrayRow {
        StrayRow {
            host: host(3),
            seen: Sighting {
                run: RunId::new(Uuid::from_u128(run)),
                vm: VmId::new(Uuid::from_u128(2)),
                name: InstanceName::new(2, 3, "VM"),
                generation: Generation(9),
                power: PowerState::On,
                reason: PowerReason::Found,
            },
            kind: String::new(),
            first_seen: Timestamp(0),
            last_seen: Timestamp(0),
        }
    }

    fn actions(scene: &Scene) -> Vec<SyncAction> {
        let planned = plan(host(3), scene, GRACE, |_| Work::Idle, |_| true);
        planned.into_iter().map(|planned| planned.action).collect()
    }

    fn alone(run: RunRow) -> Scene {
        Scene { alive: vec![run], ..Scene::default() }
    }

    #[test]
    fn a_vm_that_ran_and_is_found_off_is_recorded_as_off_unless_a_job_is_at_it() {
        let scene = alone(run(RunState::Running, PowerState::Off, PowerReason::Crashed));
        assert_eq!(actions(&scene), [SyncAction::FoundOff]);
        assert!(plan(host(3), &scene, GRACE, |_| Work::AtWork, |_| true).is_empty());
    }

    #[test]
    fn one_that_was_migrated_away_is_not_off() {
        let scene = alone(run(RunState::Running, PowerState::Off, PowerReason::Migrated));
        assert_eq!(actions(&scene), [SyncAction::AwaitArrival]);
    }

    #[test]
    fn missing_counts_as_off_after_two_listings_over_the_grace_time() {
        let missing = |since, last| RunRow {
            missing: Some((Timestamp(since), Timestamp(last))),
            ..run(RunState::Running, PowerState::On, PowerReason::Found)
        };
        for (since, last, action) in [
            (1000, 1000, SyncAction::Suspect),
            (1000, 60_999, SyncAction::Suspect),
            (1000, 61_000, SyncAction::FoundOff),
        ] {
            assert_eq!(actions(&alone(missing(since, last))), [action], "{since} {last}");
        }
        // without any grace it still takes two
        assert_eq!(look_of(&missing(1, 1), Duration::ZERO), Look::Missing);
        assert_eq!(look_of(&missing(1, 2), Duration::ZERO), Look::Gone);
    }

    #[test]
    fn a_run_that_only_its_host_knows_is_taken_up_when_nothing_else_of_its_vm_can_be_alive() {
        let standing = |state, alive| VmStanding { vm: stray(8).seen.vm, state, alive };
        let of = |standing| Scene {
            strays: vec![stray(8)],
            standing: Vec::from_iter(standing),
            was_restored: true,
            ..Scene::default()
        };
        let other = RunId::new(Uuid::from_u128(1));
        for (known, action) in [
            (Some(standing(VmState::Stopped, None)), SyncAction::TakeUp),
            (Some(standing(VmState::Running, Some((other, host(3))))), SyncAction::TakeUp),
            (Some(standing(VmState::Running, Some((other, host(4))))), SyncAction::Keep),
            (Some(standing(VmState::Destroyed, None)), SyncAction::Keep),
            (None, SyncAction::Keep),
        ] {
            assert_eq!(actions(&of(known)), [action]);
        }
    }

    #[test]
    fn an_older_run_that_a_newer_one_has_replaced_on_its_host_is_not_found_off() {
        let older = run(RunState::Running, PowerState::Off, PowerReason::Crashed);
        let alive = Some((older.id, host(3)));
        let scene = Scene {
            strays: vec![stray(8)],
            standing: vec![VmStanding { vm: older.vm, state: VmState::Running, alive }],
            was_restored: true,
            ..alone(older)
        };
        assert_eq!(actions(&scene), [SyncAction::TakeUp]);
        // nobody but a restored record is told of runs that it has forgotten
        let scene = Scene { was_restored: false, ..scene };
        assert_eq!(actions(&scene), [SyncAction::Keep]);
    }

    #[test]
    fn a_run_is_followed_to_another_host_only_when_the_first_says_that_it_has_left() {
        let there =
            |power, reason| RunRow { host: host(4), ..run(RunState::Running, power, reason) };
        let of = |known| Scene { strays: vec![stray(1)], known: vec![known], ..Scene::default() };
        let left = there(PowerState::Off, PowerReason::Migrated);
        assert_eq!(actions(&of(left)), [SyncAction::Follow]);
        let stays = there(PowerState::On, PowerReason::Found);
        assert_eq!(actions(&of(stays)), [SyncAction::Keep]);
    }

    #[test]
    fn a_run_that_has_ended_and_runs_was_started_by_hand_and_is_left_to_a_person() {
        let ended = run(RunState::Ended, PowerState::Off, PowerReason::Commanded);
        let scene = Scene { strays: vec![stray(1)], known: vec![ended], ..Scene::default() };
        assert_eq!(actions(&scene), [SyncAction::Keep]);
    }

    #[test]
    fn behind_one_that_was_started_by_hand_and_has_vanished_its_host_cleans_up_after_a_while() {
        let ended = run(RunState::Ended, PowerState::Off, PowerReason::Commanded);
        let mut vanished = stray(1);
        (vanished.seen.power, vanished.seen.reason) = (PowerState::Unknown, PowerReason::Missing);
        let scene = Scene { strays: vec![vanished], known: vec![ended], ..Scene::default() };
        assert_eq!(actions(&scene), [SyncAction::CleanUp]);
        assert!(plan(host(3), &scene, GRACE, |_| Work::Idle, |_| false).is_empty());
    }
}
