//! `vm.stop`: begin → stop → release. The first steps of destroying and expunging are the same.
//!
//! It also cleans up behind a VM that was found off: then the record already says so, and the host only
//! forgets the libvirt domain.

use std::time::Duration;

use async_trait::async_trait;
use hostler_model::{
    Generation, HostId, InstanceName, Look, RunEvent, RunId, RunState, VmEvent, VmState, VolumeId,
};
use hostler_store::address::address_of_host_if_given;
use hostler_store::event::event_add;
use hostler_store::nic::{NicRow, nics_of};
use hostler_store::run::{run_get, run_transition};
use hostler_store::stray::stray_drop;
use hostler_store::vm::{VmChange, VmRow, vm_get, vm_transition};
use hostler_wire::{ReleaseNicCommand, StopCommand, StopEnding};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{look_of, spec, step_event, vm_of, vm_result};
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::{Commit, Done, StepContext, StepError, Undone, Workflow, nothing};
use crate::settings::{VM_MISSING_GRACE, VM_STOP_GRACE};

/// See the file's description.
#[derive(Debug)]
pub struct StopVm;

/// Names of the steps.
pub(super) const STEPS: &[&str] = &["begin", "stop", "release"];

/// How long the host may take beyond the guest's own time.
const WAIT: Duration = Duration::from_mins(2);

/// What the request adds to the record.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Input {
    /// Whether to spare the guest's own shutdown.
    pub(super) forced: bool,
    /// Whether its host has found it off: then the record follows, whatever its guest would say.
    pub(super) found: bool,
    /// A run that has ended by the record and that a host runs: it is ended there.
    pub(super) stray: Option<Stray>,
    /// Data volumes that go with a VM that is expunged.
    pub(super) volumes: Vec<VolumeId>,
    /// Whether who has a VM expunged gets it to see, and not only that it is done.
    pub(super) shown: bool,
}

/// Where a run that was started by hand runs.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Stray {
    pub(super) host: HostId,
    pub(super) run: RunId,
    pub(super) generation: Generation,
    /// Whether it runs no more, and its host only has to clean up.
    #[serde(default)]
    pub(super) vanished: bool,
}

/// What the steps leave for later ones.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Memory {
    host: HostId,
    run: RunId,
    name: InstanceName,
    generation: Generation,
}

fn memory(cx: &StepContext) -> Option<Memory> {
    serde_json::from_value(cx.job.memory.clone()).ok()
}

#[async_trait]
impl Workflow for StopVm {
    fn kind(&self) -> &'static str {
        "vm.stop"
    }

    fn steps(&self) -> &'static [&'static str] {
        STEPS
    }

    async fn act(&self, cx: &StepContext, step: &str) -> Result<Done, StepError> {
        act(cx, step).await
    }

    async fn undo(&self, cx: &StepContext, step: &str) -> Result<Undone, ServiceError> {
        Ok(Undone { commit: undo(cx, step) })
    }

    fn result(&self, cx: &StepContext) -> Value {
        vm_result(cx)
    }

    async fn failed(&self, cx: &StepContext, why: &str) -> Result<Commit, ServiceError> {
        let event = step_event(cx, "VM.STOP", "ERROR", why.to_owned());
        Ok(Box::new(move |tx| event_add(tx, &event)))
    }
}

/// Does one of [`STEPS`]; a VM that is off already is a success in each.
pub(super) async fn act(cx: &StepContext, step: &str) -> Result<Done, StepError> {
    match step {
        "begin" => begin(cx).await,
        "stop" => stop(cx).await,
        _ => release(cx).await,
    }
}

/// Undoes one of [`STEPS`]: only saying that the VM runs on can be undone.
pub(super) fn undo(cx: &StepContext, step: &str) -> Commit {
    let (Some(memory), "begin") = (memory(cx), step) else { return nothing() };
    let (vm, now) = (vm_of(cx), cx.app.now());
    Box::new(move |tx| {
        let run = run_get(tx, memory.run)?;
        if run.state == RunState::Stopping {
            run_transition(tx, &run, RunEvent::StillRuns, run.generation, now)?;
        }
        let row = vm_get(tx, vm)?;
        if row.state == VmState::Stopping {
            let change = VmChange { run: Some(memory.run), ..VmChange::default() };
            vm_transition(tx, &row, VmEvent::StopRefused, &change, now)?;
        }
        Ok(())
    })
}

fn input(cx: &StepContext) -> Input {
    serde_json::from_value(cx.job.input.clone()).unwrap_or_default()
}

async fn begin(cx: &StepContext) -> Result<Done, StepError> {
    let (vm, now) = (vm_of(cx), cx.app.now());
    let (row, run) = cx
        .read(move |tx| {
            let row = vm_get(tx, vm)?;
            let run = row.run.map(|run| run_get(tx, run)).transpose()?;
            Ok((row, run))
        })
        .await?;
    if let Some(stray) = input(cx).stray {
        return end_stray(cx, &row, stray);
    }
    let Some(run) = run.filter(|run| run.state != RunState::Ended) else {
        return match row.state {
            VmState::Stopped | VmState::Error | VmState::Destroyed | VmState::Expunging => {
                Ok(Done::writing("it is off already", |_| Ok(())))
            }
            state => {
                let text = format!("{} is {state} but has no run", row.instance_name);
                Err(StepError::fail(ServiceErrorKind::Internal, text))
            }
        };
    };
    let memory = Memory {
        host: run.host,
        run: run.id,
        name: row.instance_name.clone(),
        generation: run.generation,
    };
    let look = look_of(&run, cx.app.settings.duration(&VM_MISSING_GRACE));
    if look == Look::Left {
        let text = format!(
            "{} was migrated away from its host by hand and no host tells of it; see listDrift",
            row.instance_name
        );
        return Err(StepError::fail(ServiceErrorKind::Unsupported, text));
    }
    let could_be = matches!(row.state, VmState::Running | VmState::Stopping);
    let found_off = matches!(look, Look::Off | Look::Gone) && could_be;
    if input(cx).found && !found_off {
        // it has come back since, or somebody else has recorded it
        return Ok(Done::writing("it is not off any more", |_| Ok(())));
    }
    let remembered = serde_json::to_value(memory).unwrap_or_default();
    let text = format!("{} is off: its guest {}", row.instance_name, run.power_reason);
    let event = step_event(cx, "VM.STOP", "WARN", text);
    let output = if found_off { "its host found it off" } else { "the record says Stopping" };
    Ok(Done::writing(output, move |tx| {
        if found_off {
            run_transition(tx, &run, RunEvent::Gone, run.generation, now)?;
            vm_transition(tx, &row, VmEvent::FoundPowerOff, &VmChange::default(), now)?;
            return event_add(tx, &event);
        }
        if row.state == VmState::Running {
            // not a newer one: only its host raises it now, and what it says after a stop that failed has to count
            run_transition(tx, &run, RunEvent::StopSent, run.generation, now)?;
            let change = VmChange { run: Some(run.id), ..VmChange::default() };
            vm_transition(tx, &row, VmEvent::StopRequested, &change, now)?;
        }
        Ok(())
    })
    .remembering(remembered))
}

/// Only of a VM that is meant to be off, and has no run that may be alive.
fn end_stray(cx: &StepContext, row: &VmRow, stray: Stray) -> Result<Done, StepError> {
    if row.state != VmState::Stopped || row.run.is_some() {
        let text = format!("{} is {}; what runs of it stays", row.instance_name, row.state);
        return Err(StepError::fail(ServiceErrorKind::Unsupported, text));
    }
    let memory = Memory {
        host: stray.host,
        run: stray.run,
        name: row.instance_name.clone(),
        generation: stray.generation,
    };
    let what = if stray.vanished { "has vanished; its host cleans up" } else { "is ended" };
    let text = format!("{} was started by hand and {what}", row.instance_name);
    let event = step_event(cx, "VM.STOP", "WARN", text);
    let why = if stray.vanished { "it is gone" } else { "it runs, and is meant to be off" };
    let done = Done::writing(why, move |tx| event_add(tx, &event));
    Ok(done.remembering(serde_json::to_value(memory).unwrap_or_default()))
}

async fn stop(cx: &StepContext) -> Result<Done, StepError> {
    let Some(memory) = memory(cx) else {
        return Ok(Done::writing("nothing runs", |_| Ok(())));
    };
    let input = input(cx);
    let grace = if input.forced { 0 } else { grace_seconds(cx) };
    let (vm, run, host) = (vm_of(cx), memory.run, memory.host);
    let command = StopCommand {
        vm,
        run,
        generation: memory.generation,
        name: memory.name.clone(),
        force: input.forced,
        grace_seconds: grace,
    };
    let wait = WAIT + Duration::from_secs(u64::from(grace));
    let answer = cx.call(memory.host, "stop", command, wait).await.map_err(ServiceError::from)?;
    let how = match answer.ended {
        StopEnding::WasNotHere => "had no libvirt domain any more",
        StopEnding::ShutDown => "was asked to shut down and did",
        StopEnding::Destroyed => "was ended by force",
    };
    let text = format!("{} {how}", memory.name);
    let (now, event) = (cx.app.now(), step_event(cx, "VM.STOP", "INFO", text.clone()));
    Ok(Done::writing(text, move |tx| {
        let row = run_get(tx, run)?;
        if row.state != RunState::Ended {
            let generation = Generation(answer.generation.0.max(row.generation.0));
            run_transition(tx, &row, RunEvent::Gone, generation, now)?;
        }
        stray_drop(tx, host, run)?;
        let row = vm_get(tx, vm)?;
        if row.state == VmState::Stopping {
            vm_transition(tx, &row, VmEvent::StopConfirmed, &VmChange::default(), now)?;
            event_add(tx, &event)?;
        }
        Ok(())
    }))
}

/// The host no longer serves the VM's NICs; it may start on another one.
async fn release(cx: &StepContext) -> Result<Done, StepError> {
    let Some(memory) = memory(cx) else {
        return Ok(Done::writing("nothing was served", |_| Ok(())));
    };
    let (vm, host) = (vm_of(cx), memory.host);
    let nics = cx.read(move |tx| served_nics(tx, vm, host)).await?;
    for (nic, address) in &nics {
        let network = spec::guest_network(nic, *address);
        let command = ReleaseNicCommand { vm, nic: nic.id, network };
        cx.call(host, &format!("nic {}", nic.id), command, WAIT)
            .await
            .map_err(ServiceError::from)?;
    }
    Ok(Done::writing(format!("{} NICs released", nics.len()), |_| Ok(())))
}

fn served_nics(
    tx: &hostler_store::Tx<'_>,
    vm: hostler_model::VmId,
    host: HostId,
) -> Result<Vec<(NicRow, std::net::IpAddr)>, hostler_store::StoreError> {
    let mut served = Vec::new();
    for nic in nics_of(tx, vm)? {
        if let Some(address) = address_of_host_if_given(tx, nic.network, host)? {
            served.push((nic, address));
        }
    }
    Ok(served)
}

fn grace_seconds(cx: &StepContext) -> u32 {
    u32::try_from(cx.app.settings.duration(&VM_STOP_GRACE).as_secs()).unwrap_or(u32::MAX)
}
