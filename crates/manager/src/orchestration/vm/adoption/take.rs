//! `vm.adopt`: record → take. The request has recorded everything; the host marks the domain, and nothing else of it
//! changes.
//!
//! What fails leaves neither a mark nor a row that counts.

use std::time::Duration;

use async_trait::async_trait;
use hostler_model::{Generation, HostId, RunEvent, RunId, RunState, VmEvent, VmState};
use hostler_model::{VolumeEvent, VolumeState};
use hostler_store::alien::alien_forget;
use hostler_store::event::event_add;
use hostler_store::nic::nics_remove;
use hostler_store::run::{run_confirm, run_get, run_transition};
use hostler_store::vm::{VmChange, vm_get, vm_transition};
use hostler_store::volume::{volume_transition, volumes_of};
use hostler_store::{StoreError, Tx};
use hostler_wire::{AdoptCommand, AdoptedDisk, ReleaseCommand};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::super::{step_event, vm_of, vm_result};
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::{Commit, Done, StepContext, StepError, Undone, Workflow};

/// See the file's description.
#[derive(Debug)]
pub struct AdoptVm;

/// Its name in the journal.
pub(super) const KIND: &str = "vm.adopt";

/// Names of the steps.
pub(super) const STEPS: &[&str] = &["record", "take"];

/// How long the host may take.
const WAIT: Duration = Duration::from_mins(2);

/// What the request adds to the record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Input {
    pub(super) host: HostId,
    pub(super) host_name: String,
    pub(super) domain: Uuid,
    pub(super) run: RunId,
    pub(super) disks: Vec<AdoptedDisk>,
}

impl Input {
    fn of(cx: &StepContext) -> Result<Self, ServiceError> {
        serde_json::from_value(cx.job.input.clone()).map_err(|error| {
            let text = format!("the journal does not say what is to be adopted: {error}");
            ServiceError::new(ServiceErrorKind::Internal, text)
        })
    }
}

#[async_trait]
impl Workflow for AdoptVm {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn steps(&self) -> &'static [&'static str] {
        STEPS
    }

    async fn act(&self, cx: &StepContext, step: &str) -> Result<Done, StepError> {
        match step {
            "record" => Ok(Done::writing("the record has it", |_| Ok(()))),
            _ => take(cx).await,
        }
    }

    async fn undo(&self, cx: &StepContext, step: &str) -> Result<Undone, ServiceError> {
        let commit = match step {
            "record" => take_back(cx)?,
            _ => give_back(cx).await?,
        };
        Ok(Undone { commit })
    }

    fn result(&self, cx: &StepContext) -> Value {
        vm_result(cx)
    }

    async fn failed(&self, cx: &StepContext, why: &str) -> Result<Commit, ServiceError> {
        let event = step_event(cx, "VM.ADOPT", "ERROR", why.to_owned());
        Ok(Box::new(move |tx| event_add(tx, &event)))
    }
}

/// Has the host mark the domain, and records that it runs.
async fn take(cx: &StepContext) -> Result<Done, StepError> {
    let (vm, input) = (vm_of(cx), Input::of(cx)?);
    let run = input.run;
    let (row, run) = cx.read(move |tx| Ok((vm_get(tx, vm)?, run_get(tx, run)?))).await?;
    let command = AdoptCommand {
        vm,
        run: run.id,
        generation: run.generation,
        name: row.instance_name.clone(),
        domain: input.domain,
        disks: input.disks,
    };
    let answer = cx.call(input.host, "adopt", command, WAIT).await.map_err(ServiceError::from)?;
    let (now, host) = (cx.app.now(), input.host);
    let domain = row.adopted.clone().unwrap_or_default();
    let text = format!("{domain} on {} is {} from now on", input.host_name, row.instance_name);
    let event = step_event(cx, "VM.ADOPT", "INFO", text.clone());
    Ok(Done::writing(text, move |tx| {
        let generation = Generation(answer.generation.0.max(run.generation.0));
        run_confirm(tx, &run, generation, answer.vnc_port, now)?;
        let change = VmChange { run: Some(run.id), last_host: Some(host), error: None };
        vm_transition(tx, &row, VmEvent::AgentConfirmed, &change, now)?;
        alien_forget(tx, host, input.domain)?;
        event_add(tx, &event)
    }))
}

/// The host takes its mark away, if it has set one.
async fn give_back(cx: &StepContext) -> Result<Commit, ServiceError> {
    let (vm, input) = (vm_of(cx), Input::of(cx)?);
    let name = cx.read(move |tx| Ok(vm_get(tx, vm)?.instance_name)).await?;
    let command = ReleaseCommand { vm, name, disks: input.disks };
    cx.call(input.host, "release", command, WAIT).await?;
    Ok(crate::jobs::nothing())
}

/// The VM was never the cloud's.
fn take_back(cx: &StepContext) -> Result<Commit, ServiceError> {
    let (vm, run, now) = (vm_of(cx), Input::of(cx)?.run, cx.app.now());
    Ok(Box::new(move |tx| {
        let run = run_get(tx, run)?;
        if run.state != RunState::Ended {
            let event = match run.state {
                RunState::Claimed | RunState::Starting => RunEvent::Refused,
                RunState::Running | RunState::Stopping | RunState::Ended => RunEvent::Gone,
            };
            run_transition(tx, &run, event, run.generation, now)?;
        }
        let row = vm_get(tx, vm)?;
        if row.state == VmState::Starting {
            vm_transition(tx, &row, VmEvent::StartFailed, &VmChange::default(), now)?;
        }
        let_go(tx, vm, now)
    }))
}

/// Nothing of a VM counts any more: its volumes, NICs and itself. What they stand for stays where it is.
pub(super) fn let_go(
    tx: &Tx<'_>,
    vm: hostler_model::VmId,
    now: hostler_model::Timestamp,
) -> Result<(), StoreError> {
    for mut volume in volumes_of(tx, vm)? {
        let pool = volume.pool;
        if volume.state != VolumeState::Expunging {
            let event = VolumeEvent::ExpungeRequested;
            volume = volume_transition(tx, &volume, event, pool, None, now)?;
        }
        volume_transition(tx, &volume, VolumeEvent::Expunged, pool, None, now)?;
    }
    nics_remove(tx, vm, now)?;
    let row = vm_get(tx, vm)?;
    vm_transition(tx, &row, VmEvent::Released, &VmChange::default(), now).map(drop)
}
