//! `vm.release`: a VM that was adopted is given back to its host. Its guest runs on, its disks stay, and it is an alien
//! again.

use std::time::Duration;

use async_trait::async_trait;
use hostler_model::{HostId, JobId, RunEvent, RunState, VmId, VmState};
use hostler_store::adoption::adoption_of;
use hostler_store::cause::Cause;
use hostler_store::event::event_add;
use hostler_store::run::{run_get, run_transition};
use hostler_store::volume::volumes_of;
use hostler_wire::{AdoptedDisk, ReleaseCommand};
use serde_json::{Value, json};

use super::super::requests::{Ask, ask, must_not_be, vm_for};
use super::super::{step_event, vm_of};
use super::take::let_go;
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::{Commit, Done, StepContext, StepError, Undone, Workflow, nothing};
use crate::orchestration::{Caller, vm_snapshot};

/// See the file's description.
#[derive(Debug)]
pub struct ReleaseVm;

/// Its name in the journal.
const KIND: &str = "vm.release";

/// Names of the steps: what the host has given up, it has given up.
const STEPS: &[&str] = &["release"];

/// How long the host may take.
const WAIT: Duration = Duration::from_mins(2);

/// States in which a job has it, or in which it is gone.
const NOT_NOW: &[VmState] = &[
    VmState::Starting,
    VmState::Stopping,
    VmState::Error,
    VmState::Destroyed,
    VmState::Expunging,
    VmState::Expunged,
];

/// Gives a VM back that was adopted.
///
/// # Errors
/// [`ServiceError`] if there is none, the cloud has made it, or its state does not allow it.
pub async fn release(app: &Context, caller: &Caller, id: VmId) -> Result<JobId, ServiceError> {
    if !caller.is_root() {
        let text = "only a root administrator may release VMs";
        return Err(ServiceError::new(ServiceErrorKind::Denied, text));
    }
    let vm = vm_for(app, caller, id).await?;
    if vm.adopted.is_none() {
        let text = format!(
            "{} was made by this cloud: its addresses, seed and template are the cloud's. Only a VM that was adopted can \
             be released",
            vm.instance_name
        );
        return Err(ServiceError::new(ServiceErrorKind::Unsupported, text));
    }
    must_not_be(&vm, NOT_NOW, "released")?;
    let row = vm.clone();
    app.store.read(move |tx| vm_snapshot::refuse_if_any(tx, &row, "released")).await?;
    let request = Ask {
        api_command: "releaseVirtualMachine",
        event: "VM.RELEASE",
        verb: "released",
        kind: KIND,
        steps: STEPS,
        input: json!({}),
    };
    ask(app, caller, &vm, request).await
}

#[async_trait]
impl Workflow for ReleaseVm {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn steps(&self) -> &'static [&'static str] {
        STEPS
    }

    async fn act(&self, cx: &StepContext, _: &str) -> Result<Done, StepError> {
        give_back(cx).await
    }

    /// A host that refuses has changed nothing.
    async fn undo(&self, _: &StepContext, _: &str) -> Result<Undone, ServiceError> {
        Ok(Undone { commit: nothing() })
    }

    fn result(&self, _: &StepContext) -> Value {
        json!({ "success": true })
    }

    async fn failed(&self, cx: &StepContext, why: &str) -> Result<Commit, ServiceError> {
        let event = step_event(cx, "VM.RELEASE", "ERROR", why.to_owned());
        Ok(Box::new(move |tx| event_add(tx, &event)))
    }
}

async fn give_back(cx: &StepContext) -> Result<Done, StepError> {
    let vm = vm_of(cx);
    let read = cx.read(move |tx| {
        let row = hostler_store::vm::vm_get(tx, vm)?;
        let run = row.run.map(|run| run_get(tx, run)).transpose()?;
        Ok((row, run, volumes_of(tx, vm)?, adoption_of(tx, vm)?))
    });
    let (row, run, volumes, adoption) = read.await?;
    let Some(adoption) = adoption else {
        let text = format!("{} was not adopted, or was released", row.instance_name);
        return Err(StepError::fail(ServiceErrorKind::Unsupported, text));
    };
    let run = run.filter(|run| run.state != RunState::Ended);
    must_not_be(&row, NOT_NOW, "released")?;
    let disks = volumes.iter().filter_map(|volume| {
        let (volume, pool) = (volume.id, volume.pool?);
        Some(AdoptedDisk { volume, pool, path: String::new() })
    });
    let host: HostId = adoption.host;
    let command = ReleaseCommand { vm, name: row.instance_name.clone(), disks: disks.collect() };
    cx.call(host, "release", command, WAIT).await.map_err(ServiceError::from)?;
    let (now, job) = (cx.app.now(), cx.job.id);
    let text = format!("{} is released: {} is its host's again", row.instance_name, adoption.name);
    let event = step_event(cx, "VM.RELEASE", "INFO", text.clone());
    let cause = Cause {
        user: Some(cx.job.user),
        job: Some(job),
        ..Cause::saying(format!("released to its host as {}", adoption.name))
    };
    Ok(Done::writing(text, move |tx| {
        tx.because(cause);
        if let Some(run) = run {
            let run = run_get(tx, run.id)?; // its host may have told something since
            if run.state != RunState::Ended {
                run_transition(tx, &run, RunEvent::Gone, run.generation, now)?;
            }
        }
        let_go(tx, vm, now)?;
        event_add(tx, &event)
    }))
}
