//! What users ask of VMs that exist: each checks, records a job, and has it run.

use std::time::Duration;

use hostler_model::{
    AccountType, AllocationState, Bytes, JobId, RunState, Timestamp, VmId, VmState, VolumeId,
    ZoneId, error_chain,
};
use hostler_store::event::event_add;
use hostler_store::job::job_add;
use hostler_store::project::member_of;
use hostler_store::run::run_get;
use hostler_store::stray::StrayRow;
use hostler_store::vm::{VmRow, vm_get};
use hostler_store::volume::volumes_of;
use hostler_store::zone::zone_get;
use hostler_store::{StoreError, Tx};
use hostler_wire::ConsoleLogCommand;
use serde_json::{Value, json};

use super::{reboot as reboot_job, retire, start as start_job, stop as stop_job};
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::Workflow;
use crate::orchestration::Caller;

pub use start_job::Input as Placing;

/// A VM that the caller may see. Another tenant's is as good as none.
pub(super) async fn vm_for(
    app: &Context,
    caller: &Caller,
    id: VmId,
) -> Result<VmRow, ServiceError> {
    let caller = caller.clone();
    let seen = app.store.read(move |tx| {
        let row = vm_get(tx, id)?;
        Ok::<_, StoreError>(may_see(tx, &caller, &row)?.then_some(row))
    });
    let none = || ServiceError::parameter(format!("there is no virtual machine {id}"));
    seen.await?.ok_or_else(none)
}

/// Whether a VM is the caller's, or a project's that the caller is in. Which domains an administrator may see, the
/// API has checked.
pub(super) fn may_see(tx: &Tx<'_>, caller: &Caller, row: &VmRow) -> Result<bool, StoreError> {
    Ok(row.account == caller.account
        || caller.role != AccountType::User
        || member_of(tx, caller.account, row.account)?)
}

/// A job on a VM that is asked for.
pub(super) struct Ask {
    pub(super) api_command: &'static str,
    pub(super) event: &'static str,
    /// What is to become of the VM, for people.
    pub(super) verb: &'static str,
    pub(super) kind: &'static str,
    pub(super) steps: &'static [&'static str],
    pub(super) input: Value,
}

impl Ask {
    /// Records the job, which is to be run when that is committed.
    pub(super) fn record(
        self,
        tx: &Tx<'_>,
        caller: &Caller,
        vm: &VmRow,
        now: Timestamp,
    ) -> Result<JobId, StoreError> {
        let subject = ("VirtualMachine", vm.id.uuid());
        let job = caller.job(self.kind, self.api_command, subject, self.input, self.steps);
        let text = format!("{} is to be {}", vm.instance_name, self.verb);
        tx.because(caller.cause());
        job_add(tx, &job, now)?;
        event_add(tx, &caller.event(now, self.event, text, subject, Some(job.id)))?;
        Ok(job.id)
    }
}

/// Records a job on a VM and has it run.
pub(super) async fn ask(
    app: &Context,
    caller: &Caller,
    vm: &VmRow,
    ask: Ask,
) -> Result<JobId, ServiceError> {
    let (caller, subject, now, vm) = (caller.clone(), vm.id.uuid(), app.now(), vm.clone());
    let job = app.store.write(move |tx| ask.record(tx, &caller, &vm, now)).await?;
    app.jobs.run(app, subject, job);
    Ok(job)
}

pub(super) fn must_not_be(vm: &VmRow, states: &[VmState], verb: &str) -> Result<(), ServiceError> {
    if states.contains(&vm.state) {
        let text = format!("{} is {} and cannot be {verb}", vm.instance_name, vm.state);
        return Err(ServiceError::new(ServiceErrorKind::Unsupported, text));
    }
    Ok(())
}

pub(super) const GONE: &[VmState] = &[VmState::Destroyed, VmState::Expunging, VmState::Expunged];

/// Starts a VM.
///
/// # Errors
/// [`ServiceError`] if there is none, or its state does not allow it.
pub async fn start(
    app: &Context,
    caller: &Caller,
    id: VmId,
    placing: Placing,
) -> Result<JobId, ServiceError> {
    may_place(caller, placing)?;
    let vm = vm_for(app, caller, id).await?;
    must_not_be(&vm, GONE, "started")?;
    must_not_be(&vm, &[VmState::Running, VmState::Error], "started")?;
    zone_takes_vms(app, caller, vm.zone).await?;
    let input = json!(placing);
    let kind = start_job::START.kind();
    ask(
        app,
        caller,
        &vm,
        Ask {
            api_command: "startVirtualMachine",
            event: "VM.START",
            verb: "started",
            kind,
            steps: start_job::STEPS,
            input,
        },
    )
    .await
}

/// A zone that is disabled takes VMs of root administrators only.
async fn zone_takes_vms(app: &Context, caller: &Caller, id: ZoneId) -> Result<(), ServiceError> {
    if caller.is_root() {
        return Ok(());
    }
    let zone = app.store.read(move |tx| zone_get(tx, id)).await?;
    if zone.allocation_state == AllocationState::Disabled {
        let text = format!(
            "zone {} is disabled; only a root administrator may start VMs there",
            zone.name
        );
        return Err(ServiceError::new(ServiceErrorKind::Denied, text));
    }
    Ok(())
}

/// Stops a VM; `forced` spares the guest's own shutdown.
///
/// # Errors
/// [`ServiceError`] if there is none, or its state does not allow it.
pub async fn stop(
    app: &Context,
    caller: &Caller,
    id: VmId,
    forced: bool,
) -> Result<JobId, ServiceError> {
    let vm = vm_for(app, caller, id).await?;
    must_not_be(&vm, GONE, "stopped")?;
    ask(
        app,
        caller,
        &vm,
        Ask {
            api_command: "stopVirtualMachine",
            event: "VM.STOP",
            verb: "stopped",
            kind: "vm.stop",
            steps: stop_job::STEPS,
            input: json!(stop_job::Input { forced, ..Default::default() }),
        },
    )
    .await
}

/// Records a VM as off that its host has found off, and has the host clean up.
///
/// # Errors
/// [`ServiceError`] if there is none, or its state does not allow it.
pub async fn found_off(app: &Context, caller: &Caller, id: VmId) -> Result<JobId, ServiceError> {
    let vm = vm_for(app, caller, id).await?;
    must_not_be(&vm, GONE, "stopped")?;
    ask(
        app,
        caller,
        &vm,
        Ask {
            api_command: "stopVirtualMachine",
            event: "VM.STOP",
            verb: "recorded as off",
            kind: "vm.stop",
            steps: stop_job::STEPS,
            input: json!(stop_job::Input { forced: true, found: true, ..Default::default() }),
        },
    )
    .await
}

/// Ends a run that a host runs and that has ended by the record, as its VM is meant to be off.
///
/// # Errors
/// [`ServiceError`] if there is no such VM, or its state does not allow it.
pub async fn stop_stray(
    app: &Context,
    caller: &Caller,
    stray: &StrayRow,
) -> Result<JobId, ServiceError> {
    let vm = vm_for(app, caller, stray.seen.vm).await?;
    ask(app, caller, &vm, ending(stray, "stopped: it was started by hand", false)).await
}

/// Has a host clean up behind a run that was started by hand after its end by the record, and has vanished since. Nothing
/// is done unless its VM is at rest.
///
/// # Errors
/// [`ServiceError`] if the record cannot be read or written.
pub async fn clean_up_stray(
    app: &Context,
    cause: &str,
    stray: StrayRow,
) -> Result<(), ServiceError> {
    let (id, cause) = (stray.seen.vm, cause.to_owned());
    let read = move |tx: &Tx<'_>| {
        let vm = vm_get(tx, id)?;
        Ok::<_, StoreError>((Caller::on_behalf_of(tx, vm.user, vm.account, cause)?, vm))
    };
    let (caller, vm) = app.store.read(read).await?;
    if vm.state != VmState::Stopped || vm.run.is_some() {
        return Ok(());
    }
    let order = ending(&stray, "cleaned up behind: started by hand, it has vanished", true);
    ask(app, &caller, &vm, order).await.map(drop)
}

/// A job that ends a run which its host has and the record does not, or what is left of one that has `vanished`.
fn ending(stray: &StrayRow, verb: &'static str, vanished: bool) -> Ask {
    let seen = &stray.seen;
    let (host, run, generation) = (stray.host, seen.run, seen.generation);
    let stray = Some(stop_job::Stray { host, run, generation, vanished });
    Ask {
        api_command: "stopVirtualMachine",
        event: "VM.STOP",
        verb,
        kind: "vm.stop",
        steps: stop_job::STEPS,
        input: json!(stop_job::Input { stray, ..Default::default() }),
    }
}

/// Restarts the guest of a VM; `forced` resets it.
///
/// # Errors
/// [`ServiceError`] if there is none, or it does not run.
pub async fn reboot(
    app: &Context,
    caller: &Caller,
    id: VmId,
    forced: bool,
) -> Result<JobId, ServiceError> {
    let vm = vm_for(app, caller, id).await?;
    must_not_be(&vm, GONE, "rebooted")?;
    must_not_be(&vm, &[VmState::Stopped, VmState::Error], "rebooted")?;
    ask(
        app,
        caller,
        &vm,
        Ask {
            api_command: "rebootVirtualMachine",
            event: "VM.REBOOT",
            verb: "rebooted",
            kind: "vm.reboot",
            steps: reboot_job::STEPS,
            input: json!(stop_job::Input { forced, ..Default::default() }),
        },
    )
    .await
}

/// Only a root administrator may say where a VM runs.
pub(super) fn may_place(caller: &Caller, placing: Placing) -> Result<(), ServiceError> {
    let named = [
        ("hostid", placing.host.is_some()),
        ("clusterid", placing.cluster.is_some()),
        ("podid", placing.pod.is_some()),
    ];
    match named.iter().find(|(_, is_named)| *is_named && !caller.is_root()) {
        Some((param, _)) => Err(ServiceError::new(
            ServiceErrorKind::Denied,
            format!("only a root administrator may say where a VM runs (parameter {param})"),
        )),
        None => Ok(()),
    }
}

pub(super) fn must_not_be_protected(vm: &VmRow) -> Result<(), ServiceError> {
    if vm.delete_protection {
        let text = format!(
            "{} is protected against being deleted; updateVirtualMachine with deleteprotection=false allows it",
            vm.instance_name
        );
        return Err(ServiceError::new(ServiceErrorKind::Unsupported, text));
    }
    Ok(())
}

/// Throws a VM away; with `expunge_now` nothing of it is kept but its data volumes. Those in `volumes` go with it.
///
/// # Errors
/// [`ServiceError`] if there is none, or `volumes` names what is not a data volume of it.
pub async fn destroy(
    app: &Context,
    caller: &Caller,
    id: VmId,
    expunge_now: bool,
    volumes: Vec<VolumeId>,
) -> Result<JobId, ServiceError> {
    let vm = vm_for(app, caller, id).await?;
    must_not_be_protected(&vm)?;
    if !volumes.is_empty() {
        check_volumes(app, &vm, volumes.clone(), expunge_now).await?;
    }
    if expunge_now {
        let input = stop_job::Input { forced: true, volumes, shown: true, ..Default::default() };
        return retire(app, caller, &vm, "destroyVirtualMachine", input).await;
    }
    must_not_be(&vm, GONE, "destroyed")?;
    ask(
        app,
        caller,
        &vm,
        Ask {
            api_command: "destroyVirtualMachine",
            event: "VM.DESTROY",
            verb: "destroyed",
            kind: retire::DESTROY.kind(),
            steps: retire::DESTROY.steps(),
            input: json!(stop_job::Input::default()),
        },
    )
    .await
}

/// Removes a VM that was destroyed.
///
/// # Errors
/// [`ServiceError`] if there is none, or it runs.
pub async fn expunge(app: &Context, caller: &Caller, id: VmId) -> Result<JobId, ServiceError> {
    let vm = vm_for(app, caller, id).await?;
    must_not_be_protected(&vm)?;
    must_not_be(&vm, &[VmState::Running, VmState::Starting, VmState::Stopping], "expunged")?;
    let input = stop_job::Input { forced: true, ..Default::default() };
    retire(app, caller, &vm, "expungeVirtualMachine", input).await
}

/// Data volumes go only with a VM that is expunged at once: one that can be recovered needs them.
async fn check_volumes(
    app: &Context,
    vm: &VmRow,
    named: Vec<VolumeId>,
    expunge_now: bool,
) -> Result<(), ServiceError> {
    if !expunge_now {
        return Err(ServiceError::parameter(
            "volumeids goes with expunge=true: a VM that can be recovered keeps its volumes",
        ));
    }
    let id = vm.id;
    let all = app.store.read(move |tx| volumes_of(tx, id)).await?;
    let is_data = |id: &VolumeId| all.iter().any(|volume| volume.id == *id && !volume.is_root);
    match named.iter().find(|id| !is_data(id)) {
        None => Ok(()),
        Some(odd) => Err(ServiceError::parameter(format!(
            "parameter volumeids: {} has no data volume {odd}",
            vm.instance_name
        ))),
    }
}

async fn retire(
    app: &Context,
    caller: &Caller,
    vm: &VmRow,
    api_command: &'static str,
    input: stop_job::Input,
) -> Result<JobId, ServiceError> {
    must_not_be(vm, &[VmState::Expunging, VmState::Expunged], "expunged")?;
    ask(app, caller, vm, expunging(api_command, &input)).await
}

/// A job that expunges a VM.
pub(super) fn expunging(api_command: &'static str, input: &stop_job::Input) -> Ask {
    Ask {
        api_command,
        event: "VM.EXPUNGE",
        verb: "expunged",
        kind: retire::EXPUNGE.kind(),
        steps: retire::EXPUNGE.steps(),
        input: json!(input),
    }
}

/// The end of what a VM wrote on its serial console, read from its host.
///
/// # Errors
/// [`ServiceError`] if there is none, it has never run, or its host is away.
pub async fn console_log(
    app: &Context,
    caller: &Caller,
    id: VmId,
    tail: Bytes,
) -> Result<String, ServiceError> {
    let vm = vm_for(app, caller, id).await?;
    let run = vm.run;
    let run = app.store.read(move |tx| run.map(|run| run_get(tx, run)).transpose()).await?;
    let host = run.filter(|r| r.state != RunState::Ended).map(|r| r.host).or(vm.last_host);
    let Some(host) = host else {
        let text = format!("{} has never run; there is no console log", vm.instance_name);
        return Err(ServiceError::new(ServiceErrorKind::Unsupported, text));
    };
    let command = ConsoleLogCommand { vm: id, name: vm.instance_name, tail };
    match app.agents.ask(host, command, Duration::from_secs(20)).await {
        Ok(answer) => Ok(answer.text),
        Err(e) => Err(ServiceError::new(ServiceErrorKind::Unavailable, error_chain(&e))),
    }
}
