//! The record follows what a host says of a VM, each time in one transaction that reads again and decides again.
//!
//! What a host has to do about it (to clean up) is a job: `found_off`.

use hostler_model::{
    Believed, HostId, PowerReason, PowerState, RunEvent, RunId, RunState, Timestamp, VmEvent, VmId,
    VmState,
};
use hostler_store::cause::Cause;
use hostler_store::event::{NewEvent, event_add};
use hostler_store::host::host_find;
use hostler_store::run::{RunRow, run_get, run_transition};
use hostler_store::run_sight::{run_follow, run_take_up, vms_standing};
use hostler_store::stray::{StrayRow, stray_drop, stray_told};
use hostler_store::vm::{VmChange, VmRow, vm_get, vm_transition};
use hostler_store::{StoreError, Tx};

use crate::context::Context;
use crate::error::ServiceError;

/// Who says so, and when.
#[derive(Debug, Clone)]
pub struct Told {
    /// The host whose report it is.
    pub host: HostId,
    /// For the reason trail.
    pub cause: String,
    /// Now.
    pub at: Timestamp,
}

impl Told {
    /// By a report of `host`.
    pub fn by_report(app: &Context, host: HostId) -> Self {
        Self { host, cause: format!("report of host {host}"), at: app.now() }
    }

    /// Says so in the reason trail.
    pub(crate) fn because(&self, tx: &Tx<'_>) {
        tx.because(Cause::saying(&self.cause));
    }

    fn host_name(&self, tx: &Tx<'_>) -> Result<String, StoreError> {
        Ok(host_find(tx, self.host)?.map_or_else(|| self.host.to_string(), |host| host.name))
    }

    fn event(&self, vm: &VmRow, kind: &'static str, level: &'static str, text: String) -> NewEvent {
        NewEvent {
            at: self.at,
            kind,
            level,
            state: "Completed",
            description: text,
            cause: self.cause.clone(),
            account: Some(vm.account),
            user: None,
            subject: Some(("VirtualMachine", vm.id.uuid())),
            job: None,
        }
    }
}

/// Tells of what has become of a VM that the record has running, where that changes no state of it. Of one that is on
/// its way somewhere its job tells.
///
/// # Errors
/// [`StoreError`].
pub fn tell(
    tx: &Tx<'_>,
    told: &Told,
    vm: VmId,
    power: PowerState,
    reason: PowerReason,
) -> Result<(), StoreError> {
    let (kind, level) = match (power, reason) {
        (PowerState::Unknown, PowerReason::Missing) => ("VM.MISSING", "WARN"),
        (PowerState::Off, PowerReason::Migrated) => ("VM.MIGRATE", "WARN"),
        (PowerState::On, PowerReason::Paused) => ("VM.PAUSE", "WARN"),
        _ => return Ok(()), // an end is told when the record follows
    };
    let row = match vm_get(tx, vm) {
        Err(StoreError::NotFound { .. }) => return Ok(()),
        other => other?,
    };
    if row.state != VmState::Running {
        return Ok(());
    }
    let text = format!("{}: its guest on {} {reason}", row.instance_name, told.host_name(tx)?);
    event_add(tx, &told.event(&row, kind, level, text))
}

/// A run that was on its way runs: so says the record.
///
/// # Errors
/// [`ServiceError`] if the record cannot be written; then nothing is.
pub async fn confirm(app: &Context, told: Told, run: RunId) -> Result<(), ServiceError> {
    app.store
        .write(move |tx| {
            told.because(tx);
            let mut row = run_get(tx, run)?;
            if row.state == RunState::Claimed {
                row = run_transition(tx, &row, RunEvent::StartSent, row.generation, told.at)?;
            }
            let event = match row.state {
                RunState::Starting => RunEvent::Confirmed,
                RunState::Stopping => RunEvent::StillRuns,
                _ => return Ok(()),
            };
            run_transition(tx, &row, event, row.generation, told.at)?;
            let vm = vm_get(tx, row.vm)?;
            let event = match vm.state {
                VmState::Starting => VmEvent::FoundPowerOn,
                VmState::Stopping => VmEvent::StopRefused,
                _ => return Ok(()),
            };
            let change = VmChange { run: Some(run), ..VmChange::default() };
            vm_transition(tx, &vm, event, &change, told.at)?;
            let text = format!("{} runs on {}", vm.instance_name, told.host_name(tx)?);
            event_add(tx, &told.event(&vm, "VM.START", "WARN", text))
        })
        .await
        .map_err(|error: StoreError| error.into())
}

/// A start came to nothing: so says the record.
///
/// # Errors
/// [`ServiceError`] if the record cannot be written; then nothing is.
pub async fn never_started(app: &Context, told: Told, run: RunId) -> Result<(), ServiceError> {
    app.store
        .write(move |tx| {
            told.because(tx);
            let row = run_get(tx, run)?;
            if !matches!(row.state, RunState::Claimed | RunState::Starting) {
                return Ok(());
            }
            run_transition(tx, &row, RunEvent::Refused, row.generation, told.at)?;
            let vm = vm_get(tx, row.vm)?;
            if vm.state == VmState::Starting {
                vm_transition(tx, &vm, VmEvent::StartFailed, &VmChange::default(), told.at)?;
            }
            let text = format!("the start of {} came to nothing", vm.instance_name);
            event_add(tx, &told.event(&vm, "VM.START", "ERROR", text))
        })
        .await
        .map_err(|error: StoreError| error.into())
}

/// Takes in a run that only its host knows of, in place of another one on the same host.
///
/// # Errors
/// [`ServiceError`] if the record cannot be written; then nothing is.
pub async fn take_up(app: &Context, told: Told, stray: StrayRow) -> Result<(), ServiceError> {
    app.store
        .write(move |tx| {
            told.because(tx);
            let seen = &stray.seen;
            let Some(standing) = vms_standing(tx, &[seen.vm])?.pop() else { return Ok(()) };
            match standing.alive {
                Some((_, host)) if host != told.host => return Ok(()),
                Some((other, _)) => {
                    let other = run_get(tx, other)?;
                    let event = match other.state {
                        RunState::Claimed => RunEvent::Refused,
                        _ => RunEvent::Gone,
                    };
                    run_transition(tx, &other, event, other.generation, told.at)?;
                }
                None => {}
            }
            let vm = vm_get(tx, seen.vm)?;
            let event = match vm.state {
                VmState::Stopped => VmEvent::FoundPowerOn,
                VmState::Starting | VmState::Running => VmEvent::AgentConfirmed,
                VmState::Stopping => VmEvent::StopRefused,
                _ => return Ok(()),
            };
            run_take_up(tx, told.host, seen, told.at)?;
            let change = VmChange { run: Some(seen.run), last_host: Some(told.host), error: None };
            vm_transition(tx, &vm, event, &change, told.at)?;
            stray_drop(tx, told.host, seen.run)?;
            let text = format!(
                "{} runs on {}, which knows more of it than the record did",
                vm.instance_name,
                told.host_name(tx)?
            );
            event_add(tx, &told.event(&vm, "VM.START", "WARN", text))
        })
        .await
        .map_err(|error: StoreError| error.into())
}

/// Follows a run to the host that it was moved to by hand; what cannot be followed is kept as a difference.
///
/// # Errors
/// [`ServiceError`] if the record cannot be written; then nothing is.
pub async fn follow(app: &Context, told: Told, stray: StrayRow) -> Result<(), ServiceError> {
    app.store
        .write(move |tx| {
            told.because(tx);
            let run: RunRow = run_get(tx, stray.seen.run)?;
            if !run.state.is_alive() || run.host == told.host {
                return Ok(());
            }
            if !run_follow(tx, &run, told.host, &stray.seen, told.at)? {
                return keep_as(tx, &told, &stray, Believed::LeftElsewhere);
            }
            stray_drop(tx, told.host, run.id)?;
            let vm = vm_get(tx, run.vm)?;
            if vm.state == VmState::Stopping {
                let change = VmChange { run: Some(run.id), ..VmChange::default() };
                vm_transition(tx, &vm, VmEvent::StopRefused, &change, told.at)?;
            }
            let text = format!("{} was moved to {} by hand", vm.instance_name, told.host_name(tx)?);
            event_add(tx, &told.event(&vm, "VM.MIGRATE", "WARN", text))
        })
        .await
        .map_err(|error: StoreError| error.into())
}

/// Keeps a run as a difference, and tells of it once.
///
/// # Errors
/// [`ServiceError`] if the record cannot be written; then nothing is.
pub async fn keep(
    app: &Context,
    told: Told,
    stray: StrayRow,
    believed: Believed,
) -> Result<(), ServiceError> {
    if stray.kind == believed.as_str() {
        return Ok(());
    }
    let told = app.store.write(move |tx| keep_as(tx, &told, &stray, believed)).await;
    told.map_err(|error: StoreError| error.into())
}

fn keep_as(
    tx: &Tx<'_>,
    told: &Told,
    stray: &StrayRow,
    believed: Believed,
) -> Result<(), StoreError> {
    if !stray_told(tx, told.host, stray.seen.run, believed.as_str())? {
        return Ok(());
    }
    let (name, host) = (&stray.seen.name, told.host_name(tx)?);
    let (level, text) = match believed {
        Believed::Ended => ("WARN", format!("{name} was started on {host} by hand")),
        Believed::Elsewhere | Believed::NewerElsewhere => {
            ("ERROR", format!("{name} runs on {host} and may run on another host too"))
        }
        Believed::LeftElsewhere => (
            "ERROR",
            format!("{name} was moved to {host} by hand, which has no pool for its volumes"),
        ),
        _ => ("WARN", format!("{host} runs {name}, which the record does not have")),
    };
    let event = NewEvent {
        at: told.at,
        kind: "VM.DRIFT",
        level,
        state: "Completed",
        description: format!("{text}; it is left alone, see listDrift"),
        cause: told.cause.clone(),
        account: None,
        user: None,
        subject: Some(("VirtualMachine", stray.seen.vm.uuid())),
        job: None,
    };
    event_add(tx, &event)
}
