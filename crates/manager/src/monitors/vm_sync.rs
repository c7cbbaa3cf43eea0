//! Compares what hosts report of their VMs with what the record says, and repairs what is safe to repair.
//!
//! A report of an older generation is old news and changes nothing; a run that a report does not speak of
//! is unknown, not off. While a job is at a VM, its news is only recorded: the job decides.

use async_trait::async_trait;
use hostler_model::{HostId, PowerState, RunId, RunState, VmId};
use hostler_store::host::HostRow;
use hostler_store::run::{RunRow, run_seen, runs_alive_on};
use hostler_store::vm::vm_get;
use hostler_wire::{HostReport, Ping, RunReport, StartupCommand, StartupResource};
use tracing::{info, warn};

use super::housekeeping::on_behalf_of;
use crate::agents::HostListener;
use crate::context::Context;
use crate::error::ServiceError;
use crate::orchestration::vm;

/// Listens to hosts' reports.
#[derive(Debug)]
pub struct VmSync {
    app: Context,
}

/// What is to be done about one run.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Repair {
    /// The VM ran by the record and its host found it off: the record follows, the host cleans up.
    FoundOff(VmId),
}

/// The repairs that bring the record to what the hosts have said. Pure.
fn plan(recorded: &[RunRow], is_busy: impl Fn(VmId) -> bool) -> Vec<Repair> {
    recorded
        .iter()
        .filter(|run| run.state == RunState::Running && run.power == PowerState::Off)
        .filter(|run| !is_busy(run.vm))
        .map(|run| Repair::FoundOff(run.vm))
        .collect()
}

impl VmSync {
    /// A listener that repairs through the manager's own services.
    pub fn new(app: Context) -> Self {
        Self { app }
    }

    /// Takes a host's news into the record, then repairs.
    async fn take_in(&self, host: HostId, report: &HostReport) -> Result<(), ServiceError> {
        let (runs, now): (Vec<RunReport>, _) = (report.runs.clone(), self.app.now());
        let recorded = self
            .app
            .store
            .write(move |tx| {
                for run in runs.iter().filter(|run| run.power != PowerState::Unknown) {
                    run_seen(tx, run.run, run.generation, run.power, run.reason, now)?;
                }
                runs_alive_on(tx, host)
            })
            .await?;
        tell_of_strangers(host, report, &recorded);
        self.repair_all(host, &recorded).await
    }

    /// Looks again: a job may have ended since the news came that it had to decide about.
    async fn look_again(&self, host: HostId) -> Result<(), ServiceError> {
        let recorded = self.app.store.read(move |tx| runs_alive_on(tx, host)).await?;
        self.repair_all(host, &recorded).await
    }

    async fn repair_all(&self, host: HostId, recorded: &[RunRow]) -> Result<(), ServiceError> {
        for repair in plan(recorded, |vm| self.app.jobs.is_busy(vm.uuid())) {
            let Repair::FoundOff(id) = repair;
            let row = self.app.store.read(move |tx| vm_get(tx, id)).await?;
            info!(%host, vm = %id, name = %row.instance_name, "a VM was found off");
            let caller = on_behalf_of(&self.app, &row, &format!("report of host {host}")).await?;
            vm::stop(&self.app, &caller, id, true).await?;
        }
        Ok(())
    }
}

/// Runs with our mark that the record does not believe alive there. They are left alone.
fn tell_of_strangers(host: HostId, report: &HostReport, recorded: &[RunRow]) {
    let is_known = |run: RunId| recorded.iter().any(|row| row.id == run);
    for run in report.runs.iter().filter(|r| r.power == PowerState::On && !is_known(r.run)) {
        warn!(%host, vm = %run.vm, run = %run.run, name = %run.name,
            "a host runs a VM that the record does not believe there; it is left alone");
    }
}

fn warn_of(host: HostId, result: Result<(), ServiceError>) {
    if let Err(error) = result {
        warn!(%host, %error, "a host's news could not be taken in; its next news will be");
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

    async fn report(&self, host: HostId, report: &HostReport) {
        warn_of(host, self.take_in(host, report).await);
    }

    async fn ping(&self, host: HostId, _ping: &Ping) {
        warn_of(host, self.look_again(host).await);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hostler_model::Generation;
    use uuid::Uuid;

    fn run(state: RunState, power: PowerState) -> RunRow {
        RunRow {
            id: RunId::new(Uuid::from_u128(1)),
            vm: VmId::new(Uuid::from_u128(2)),
            host: HostId::new(Uuid::from_u128(3)),
            generation: Generation(4),
            state,
            power,
        }
    }

    #[test]
    fn a_vm_that_ran_and_is_found_off_is_recorded_as_off() {
        let seen = run(RunState::Running, PowerState::Off);
        assert_eq!(plan(std::slice::from_ref(&seen), |_| false), [Repair::FoundOff(seen.vm)]);
    }

    #[test]
    fn unknown_is_not_off() {
        assert_eq!(plan(&[run(RunState::Running, PowerState::Unknown)], |_| false), []);
    }

    #[test]
    fn while_a_job_is_at_a_vm_the_job_decides() {
        assert_eq!(plan(&[run(RunState::Running, PowerState::Off)], |_| true), []);
        assert_eq!(plan(&[run(RunState::Stopping, PowerState::Off)], |_| false), []);
    }
}
