//! `vm.destroy` and `vm.expunge`: a VM is stopped, then thrown away, then removed with all it had.
//!
//! A destroyed VM keeps its volumes and addresses until it is expunged, and can be recovered until then.

use std::time::Duration;

use async_trait::async_trait;
use hostler_model::{VmEvent, VmState, VolumeEvent, VolumeState};
use hostler_store::event::event_add;
use hostler_store::nic::nics_remove;
use hostler_store::vm::{VmChange, vm_get, vm_transition};
use hostler_store::volume::{VolumeRow, volume_set_vm, volume_transition, volumes_of};
use hostler_wire::{DeleteVolumeCommand, ForgetCommand};
use serde_json::{Value, json};

use super::{step_event, stop, vm_of, vm_result};
use crate::error::ServiceError;
use crate::jobs::{Commit, Done, StepContext, StepError, Undone, Workflow, nothing};
use crate::orchestration::vm_snapshot;

/// Stops a VM and throws it away; it can be recovered until it is expunged.
pub static DESTROY: RetireVm =
    RetireVm { kind: "vm.destroy", steps: &["begin", "stop", "release", "destroy"] };
/// Stops a VM and removes it with all it had.
pub static EXPUNGE: RetireVm = RetireVm {
    kind: "vm.expunge",
    steps: &["begin", "stop", "release", "retire", "delete", "finish"],
};

/// See [`DESTROY`] and [`EXPUNGE`].
#[derive(Debug)]
pub struct RetireVm {
    kind: &'static str,
    steps: &'static [&'static str],
}

const WAIT: Duration = Duration::from_mins(5);

#[async_trait]
impl Workflow for RetireVm {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn steps(&self) -> &'static [&'static str] {
        self.steps
    }

    async fn act(&self, cx: &StepContext, step: &str) -> Result<Done, StepError> {
        match step {
            "destroy" => Ok(moved(cx, VmEvent::DestroyRequested, VmState::Destroyed, "VM.DESTROY")),
            "retire" => Ok(moved(cx, VmEvent::ExpungeRequested, VmState::Expunging, "VM.EXPUNGE")),
            "delete" => delete(cx).await,
            "finish" => Ok(finish(cx)),
            shared => stop::act(cx, shared).await,
        }
    }

    async fn undo(&self, cx: &StepContext, step: &str) -> Result<Undone, ServiceError> {
        let commit = match step {
            "retire" => give_up(cx),
            "destroy" | "delete" | "finish" => nothing(),
            shared => stop::undo(cx, shared),
        };
        Ok(Undone { commit })
    }

    fn result(&self, cx: &StepContext) -> Value {
        let told_only = self.kind == EXPUNGE.kind && !input(cx).shown;
        if told_only { json!({ "success": true }) } else { vm_result(cx) }
    }

    async fn failed(&self, cx: &StepContext, why: &str) -> Result<Commit, ServiceError> {
        let event = step_event(cx, "VM.DESTROY", "ERROR", why.to_owned());
        Ok(Box::new(move |tx| event_add(tx, &event)))
    }
}

fn moved(cx: &StepContext, event: VmEvent, to: VmState, kind: &'static str) -> Done {
    let (vm, now) = (vm_of(cx), cx.app.now());
    let told = step_event(cx, kind, "INFO", format!("the VM is {to}"));
    Done::writing(format!("the record says {to}"), move |tx| {
        let row = vm_get(tx, vm)?;
        if row.state == to {
            return Ok(());
        }
        vm_transition(tx, &row, event, &VmChange::default(), now)?;
        event_add(tx, &told)
    })
}

/// What could not be deleted can be tried again: the VM is destroyed, not gone.
fn give_up(cx: &StepContext) -> Commit {
    let (vm, now) = (vm_of(cx), cx.app.now());
    Box::new(move |tx| {
        let row = vm_get(tx, vm)?;
        if row.state == VmState::Expunging {
            vm_transition(tx, &row, VmEvent::ExpungeFailed, &VmChange::default(), now)?;
        }
        Ok(())
    })
}

/// Has each host delete the VM's volumes and VM snapshots that it holds, and forget the VM.
async fn delete(cx: &StepContext) -> Result<Done, StepError> {
    let (vm, now) = (vm_of(cx), cx.app.now());
    let (row, volumes) = cx.read(move |tx| Ok((vm_get(tx, vm)?, volumes_of(tx, vm)?))).await?;
    let named = input(cx).volumes;
    let goes = move |volume: &VolumeRow| volume.is_root || named.contains(&volume.id);
    for volume in volumes.iter().filter(|volume| goes(volume)) {
        let (Some(pool), Some(host)) = (volume.pool, volume.host) else { continue };
        let command = DeleteVolumeCommand { volume: volume.id, pool };
        cx.call(host, &format!("volume {}", volume.id), command, WAIT)
            .await
            .map_err(ServiceError::from)?;
    }
    if let Some(host) = row.last_host {
        let command = ForgetCommand { vm, name: row.instance_name.clone() };
        cx.call(host, "forget", command, WAIT).await.map_err(ServiceError::from)?;
    }
    vm_snapshot::delete_of_vm(cx, vm).await?;
    let count = volumes.iter().filter(|volume| goes(volume)).count();
    let text = format!("{count} volumes deleted, {} kept", volumes.len() - count);
    Ok(Done::writing(text, move |tx| {
        vm_snapshot::forget_of_vm(tx, vm, now)?;
        for volume in volumes_of(tx, vm)? {
            let mut volume = volume;
            if !goes(&volume) {
                volume_set_vm(tx, &volume, None, now)?;
                continue;
            }
            if volume.state != VolumeState::Expunging {
                let pool = volume.pool;
                volume =
                    volume_transition(tx, &volume, VolumeEvent::ExpungeRequested, pool, None, now)?;
            }
            volume_transition(tx, &volume, VolumeEvent::Expunged, volume.pool, None, now)?;
        }
        Ok(())
    }))
}

fn input(cx: &StepContext) -> stop::Input {
    serde_json::from_value(cx.job.input.clone()).unwrap_or_default()
}

fn finish(cx: &StepContext) -> Done {
    let (vm, now) = (vm_of(cx), cx.app.now());
    let told = step_event(cx, "VM.EXPUNGE", "INFO", "the VM is expunged".to_owned());
    Done::writing("addresses freed, record closed", move |tx| {
        let row = vm_get(tx, vm)?;
        nics_remove(tx, vm, now)?;
        vm_transition(tx, &row, VmEvent::ExpungeDone, &VmChange::default(), now)?;
        event_add(tx, &told)
    })
}
