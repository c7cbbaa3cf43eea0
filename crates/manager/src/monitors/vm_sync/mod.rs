//! Compares what hosts report of their VMs with what the record says, and has the record follow what is proven.
//!
//! News is taken in at once; what follows from it is planned from the record alone (`plan`), so that a lost message
//! costs one ping and never a wrong state. Each ping says in one number what the host's full report would be; where
//! the record comes to another number, the host is asked for all of it.
//!
//! Not here: how the record follows (`orchestration::vm`), the table of cases (`hostler_model::sync_action`).

mod intake;
mod plan;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use hostler_model::{CommandId, HostId, PowerReason, RunState, SyncAction, Timestamp, VmId, Work};
use hostler_store::host::HostRow;
use hostler_store::job::job_is_open_on;
use hostler_store::stray::StrayRow;
use hostler_store::vm::vm_get;
use hostler_store::{StoreError, Tx};
use hostler_wire::{HostReport, Ping, ReportCommand, StartupCommand, StartupResource};
use tracing::{info, warn};
use uuid::Uuid;

use crate::agents::HostListener;
use crate::context::Context;
use crate::error::ServiceError;
use crate::orchestration::Caller;
use crate::orchestration::vm::{self, Told};
use crate::settings::VM_MISSING_GRACE;
use plan::{About, Planned, Scene, plan};

/// How long a host may take with its full report.
const REPORT: Duration = Duration::from_secs(10);
/// How many pings in a row may find jobs at work, and so no numbers worth comparing.
const PATIENCE: u32 = 4;

/// Listens to hosts' reports.
#[derive(Debug)]
pub struct VmSync {
    app: Context,
    compared: Mutex<HashMap<HostId, Compared>>,
}

/// What became of comparing a host with the record.
#[derive(Debug, Clone, Copy, Default)]
struct Compared {
    /// The host's number and the record's, when a full report has not made them equal.
    agreed_to_differ: Option<(u64, u64)>,
    /// How many pings in a row found jobs at work.
    waited: u32,
}

impl VmSync {
    /// A listener that repairs through the manager's own services.
    pub fn new(app: Context) -> Self {
        Self { app, compared: Mutex::default() }
    }

    /// Takes a host's news into the record, then has the record follow.
    async fn take_in(&self, host: HostId, report: &HostReport) -> Result<(), ServiceError> {
        let told = Told::by_report(&self.app, host);
        let (news, settings) = (intake::News::of(report), self.app.settings.clone());
        self.app.store.write(move |tx| intake::take_in(tx, &told, &news, &settings)).await?;
        self.look_again(host, report.complete).await
    }

    /// Plans from the record: a job may have ended since the news came that it had to decide about. With a `complete`
    /// listing just taken in, what it lacks is lacking now.
    async fn look_again(&self, host: HostId, complete: bool) -> Result<(), ServiceError> {
        if self.app.is_read_only() {
            return Ok(()); // what was taken in, into a copy of the record, is shown by listDrift
        }
        let scene = self.app.store.read(move |tx| intake::scene(tx, host)).await?;
        let (grace, now) = (self.app.settings.duration(&VM_MISSING_GRACE), self.app.now());
        let is_gone = |stray: &StrayRow| complete && is_over(stray.last_seen, now, grace);
        for planned in plan(host, &scene, grace, |vm| self.work(vm), is_gone) {
            if !self.has_open_job(planned.vm).await? {
                self.carry_out(host, planned).await?;
            }
        }
        Ok(())
    }

    fn work(&self, vm: VmId) -> Work {
        if self.app.jobs.is_busy(vm.uuid()) { Work::AtWork } else { Work::Idle }
    }

    /// A job that waits for a person is at work, too.
    async fn has_open_job(&self, vm: VmId) -> Result<bool, ServiceError> {
        let open = self.app.store.read(move |tx| job_is_open_on(tx, vm.uuid())).await;
        open.map_err(|error: StoreError| error.into())
    }

    async fn carry_out(&self, host: HostId, planned: Planned) -> Result<(), ServiceError> {
        let (app, told) = (&self.app, Told::by_report(&self.app, host));
        info!(%host, vm = %planned.vm, action = %planned.action, "the record follows a host");
        match (planned.action, planned.about) {
            (SyncAction::Confirm, About::Run(run)) => vm::confirm(app, told, run.id).await,
            (SyncAction::NeverStarted, About::Run(run)) => {
                vm::never_started(app, told, run.id).await
            }
            (SyncAction::FoundOff, About::Run(run)) => {
                let id = run.vm;
                let cause = told.cause.clone();
                let on_behalf = move |tx: &Tx<'_>| {
                    let row = vm_get(tx, id)?;
                    Caller::on_behalf_of(tx, row.user, row.account, cause)
                };
                let caller = app.store.read(on_behalf).await?;
                vm::found_off(app, &caller, id).await.map(drop)
            }
            (SyncAction::TakeUp, About::Stray(stray, _)) => vm::take_up(app, told, stray).await,
            (SyncAction::Follow, About::Stray(stray, _)) => vm::follow(app, told, stray).await,
            (SyncAction::Keep, About::Stray(stray, believed)) => {
                vm::keep(app, told, stray, believed).await
            }
            (SyncAction::CleanUp, About::Stray(stray, _)) => {
                vm::clean_up_stray(app, &told.cause, stray).await
            }
            // noted when the news was taken in; time or another host decides
            _ => Ok(()),
        }
    }

    /// Asks a host for everything where its number is not the record's, or where it is time to ask again whether a
    /// run is still missing.
    async fn compare(&self, host: HostId, theirs: u64) -> Result<(), ServiceError> {
        if theirs == 0 {
            return Ok(()); // it could not read its domains in time
        }
        let (scene, mine) = self.app.store.read(move |tx| intake::numbers(tx, host)).await?;
        let grace = self.app.settings.duration(&VM_MISSING_GRACE);
        let due = is_due(&scene, grace, self.app.now());
        let before = self.compared(host);
        if mine == theirs && !due {
            self.app.reports.agreed(host, scene.told());
            self.remember(host, Compared::default());
            return Ok(());
        }
        let busy = scene.alive.iter().any(|run| self.work(run.vm) == Work::AtWork);
        if busy && !due && before.waited < PATIENCE {
            self.remember(host, Compared { waited: before.waited + 1, ..before });
            return Ok(());
        }
        if before.agreed_to_differ == Some((theirs, mine)) && !due {
            return Ok(());
        }
        let order = CommandId::new(Uuid::now_v7());
        let answer = self.app.agents.call(host, order, ReportCommand {}, REPORT).await;
        let report = answer.map_err(|error| ServiceError::unavailable(&error))?.report;
        self.app.reports.said(host, &report);
        self.take_in(host, &report).await?;
        let (_, mine) = self.app.store.read(move |tx| intake::numbers(tx, host)).await?;
        let agreed_to_differ = (mine != theirs).then_some((theirs, mine));
        self.remember(host, Compared { agreed_to_differ, waited: 0 });
        Ok(())
    }

    fn compared(&self, host: HostId) -> Compared {
        let all = self.compared.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&host).copied().unwrap_or_default()
    }

    fn remember(&self, host: HostId, compared: Compared) {
        self.compared.lock().unwrap_or_else(PoisonError::into_inner).insert(host, compared);
    }
}

/// Whether a missing run has been missing for the grace time without a listing that says so at its end. One that is
/// missing since a time to come is due, too: the clock was set back, and the time has to be counted anew.
fn is_due(scene: &Scene, grace: Duration, now: Timestamp) -> bool {
    let runs = scene.alive.iter().filter_map(|run| run.missing).any(|(since, last)| {
        is_over(since, now, grace) && (last == since || !is_over(since, last, grace))
    });
    let missing = |stray: &&StrayRow| stray.seen.reason == PowerReason::Missing;
    let has_ended = |stray: &StrayRow| {
        scene.known.iter().any(|run| run.id == stray.seen.run && run.state == RunState::Ended)
    };
    let mut strays = scene.strays.iter().filter(missing);
    runs || strays.any(|stray| has_ended(stray) && is_over(stray.last_seen, now, grace))
}

/// Whether the grace time from `since` on is over `now`; so it is where the clock was set back.
fn is_over(since: Timestamp, now: Timestamp, grace: Duration) -> bool {
    let grace = i64::try_from(grace.as_millis()).unwrap_or(i64::MAX);
    now.0 - since.0 >= grace || now < since
}

fn warn_of(host: HostId, result: Result<(), ServiceError>) {
    if let Err(error) = result {
        warn!(%host, %error, "a host's news could not be taken in; its next ping heals that");
    }
}

#[async_trait]
impl HostListener for VmSync {
    fn name(&self) -> &'static str {
        "vm-sync"
    }

    async fn connect(&self, host: &HostRow, startup: &StartupCommand) -> Result<(), String> {
        if let StartupResource::Routing(routing) = &startup.resource {
            warn_of(host.id, self.take_in(host.id, &routing.report).await);
        }
        Ok(())
    }

    async fn disconnect(&self, host: HostId, _why: &str) {
        self.compared.lock().unwrap_or_else(PoisonError::into_inner).remove(&host);
    }

    async fn report(&self, host: HostId, report: &HostReport) {
        warn_of(host, self.take_in(host, report).await);
    }

    async fn ping(&self, host: HostId, ping: &Ping) {
        warn_of(host, self.look_again(host, false).await);
        warn_of(host, self.compare(host, ping.report_digest).await);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hostler_model::{Generation, PowerState, RunId};
    use hostler_store::run::RunRow;

    #[test]
    fn a_missing_run_is_asked_for_at_the_end_of_its_grace_time_and_when_the_clock_was_set_back() {
        let missing = |since, last| {
            let run = RunRow {
                id: RunId::new(Uuid::from_u128(1)),
                vm: VmId::new(Uuid::from_u128(2)),
                host: HostId::new(Uuid::from_u128(3)),
                generation: Generation(4),
                state: RunState::Running,
                power: PowerState::Unknown,
                power_reason: PowerReason::Missing,
                power_seen: None,
                missing: Some((Timestamp(since), Timestamp(last))),
            };
            Scene { alive: vec![run], ..Scene::default() }
        };
        for (since, last, now, is) in [
            (1000, 1000, 60_999, false),
            (1000, 1000, 61_000, true),
            (1000, 61_000, 62_000, false), // a listing has said so; what follows is decided
            (3_600_000, 3_600_000, 1000, true),
        ] {
            let due = is_due(&missing(since, last), Duration::from_mins(1), Timestamp(now));
            assert_eq!(due, is, "{since} {last} {now}");
        }
    }
}
