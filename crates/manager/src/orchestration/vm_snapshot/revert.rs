//! `vm_snapshot.revert`: the volumes of a VM that is off are as its VM snapshot has them again.
//!
//! One step: the host writes each volume anew and puts it in place of the old one at the end, so each is as before or as
//! the snapshot has it. A failure in the middle leaves some of either kind, and the job says so; it can be done again.

use async_trait::async_trait;
use hostler_model::{
    JobId, VmId, VmSnapshotEvent, VmSnapshotId, VmSnapshotState, VmState, VolumeState,
};
use hostler_store::event::event_add;
use hostler_store::snapshot::SnapshotRow;
use hostler_store::vm_snapshot::{
    VmSnapshotRow, vm_snapshot_copies, vm_snapshot_get, vm_snapshot_set_current,
    vm_snapshot_transition,
};
use hostler_store::volume::VolumeRow;
use hostler_store::{StoreError, Tx};
use hostler_wire::RestoreSnapshotCommand;
use serde_json::{Value, json};

use super::{Ask, Scene, id_of, run, step_event};
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::{Commit, Done, StepContext, StepError, Undone, Workflow, nothing};
use crate::orchestration::Caller;
use crate::orchestration::snapshot::COPYING;
use crate::orchestration::volume::{must_live, refused};

const STEPS: &[&str] = &["write"];

/// See the file's description.
#[derive(Debug)]
pub struct RevertToVmSnapshot;

/// Checks, takes the VM's volumes, records the job, and has it run.
///
/// # Errors
/// [`ServiceError`] if the VM is not stopped, or a volume is not its any more.
pub async fn revert(
    app: &Context,
    caller: &Caller,
    id: VmSnapshotId,
) -> Result<JobId, ServiceError> {
    let (caller, context) = (caller.clone(), app.clone());
    let job = app
        .store
        .write(move |tx| {
            let All { row, copies, scene } = All::read(tx, id)?;
            if row.state != VmSnapshotState::Ready {
                return Err(refused(format!(
                    "VM snapshot {} is {}, not Ready",
                    row.name, row.state
                )));
            }
            let takes: Vec<_> = pairs(&row, &copies, &scene)?.iter().map(|p| p.1.clone()).collect();
            vm_snapshot_transition(
                tx,
                &row,
                VmSnapshotEvent::RevertRequested,
                None,
                context.now(),
            )?;
            let ask = Ask {
                kind: "vm_snapshot.revert",
                api_command: "revertToVMSnapshot",
                steps: STEPS,
                id,
                vm: row.vm,
                takes: &takes,
            };
            let text =
                format!("{} is to be as VM snapshot {} has it", scene.vm.instance_name, row.name);
            ask.record(tx, &caller, ("VMSNAPSHOT.REVERTTO", text), &context)
        })
        .await?;
    Ok(run(app, &job))
}

/// A VM snapshot with its copies and its VM, as they are.
struct All {
    row: VmSnapshotRow,
    copies: Vec<SnapshotRow>,
    scene: Scene,
}

impl All {
    fn read(tx: &Tx<'_>, id: VmSnapshotId) -> Result<Self, StoreError> {
        let row = vm_snapshot_get(tx, id)?;
        let (copies, scene) = (vm_snapshot_copies(tx, id)?, Scene::read(tx, row.vm)?);
        Ok(Self { row, copies, scene })
    }
}

/// Each copy with the volume that it is written to. A volume that the VM got later stays as it is.
fn pairs<'a>(
    row: &VmSnapshotRow,
    copies: &'a [SnapshotRow],
    scene: &'a Scene,
) -> Result<Vec<(&'a SnapshotRow, &'a VolumeRow)>, ServiceError> {
    let vm = &scene.vm;
    if vm.state != VmState::Stopped {
        return Err(refused(format!(
            "{} is {}; stop it before it is reverted: VM snapshot {} has its disks and not its memory",
            vm.instance_name, vm.state, row.name
        )));
    }
    let pair = |copy: &'a SnapshotRow| {
        let volume = scene.volumes.iter().find(|volume| volume.id == copy.volume);
        let Some(volume) = volume else {
            return Err(refused(format!(
                "volume {} of VM snapshot {} is not a disk of {} any more; attach it again",
                copy.volume, row.name, vm.instance_name
            )));
        };
        must_live(volume)?;
        if volume.state != VolumeState::Ready || volume.pool != copy.pool {
            return Err(refused(format!(
                "volume {} is not where VM snapshot {} is",
                volume.name, row.name
            )));
        }
        Ok((copy, volume))
    };
    copies.iter().map(pair).collect()
}

#[async_trait]
impl Workflow for RevertToVmSnapshot {
    fn kind(&self) -> &'static str {
        "vm_snapshot.revert"
    }

    fn steps(&self) -> &'static [&'static str] {
        STEPS
    }

    async fn act(&self, cx: &StepContext, _step: &str) -> Result<Done, StepError> {
        let (id, now) = (id_of(cx)?, cx.app.now());
        let All { row, copies, scene } = cx.read(move |tx| All::read(tx, id)).await?;
        for (copy, volume) in pairs(&row, &copies, &scene)? {
            let (Some(pool), Some(host)) = (copy.pool, copy.host) else {
                let text =
                    format!("the host of VM snapshot {} is not in the cloud any more", row.name);
                return Err(StepError::fail(ServiceErrorKind::Unavailable, text));
            };
            let (snapshot, size) = (copy.id, volume.size.max(copy.size));
            let command = RestoreSnapshotCommand { snapshot, volume: volume.id, pool, size };
            let label = format!("restore {snapshot}");
            cx.call(host, &label, command, COPYING).await.map_err(ServiceError::from)?;
        }
        let text = format!("{} is as VM snapshot {} has it", scene.vm.instance_name, row.name);
        let event = step_event(cx, "VMSNAPSHOT.REVERTTO", "INFO", id, text.clone());
        Ok(Done::writing(text, move |tx| {
            ended(tx, id, now)?;
            vm_snapshot_set_current(tx, id, now)?;
            event_add(tx, &event)
        }))
    }

    async fn undo(&self, _cx: &StepContext, _step: &str) -> Result<Undone, ServiceError> {
        Ok(Undone { commit: nothing() })
    }

    fn result(&self, cx: &StepContext) -> Value {
        json!({ "virtualmachine": VmId::new(cx.job.subject) })
    }

    async fn failed(&self, cx: &StepContext, why: &str) -> Result<Commit, ServiceError> {
        let (id, now) = (id_of(cx)?, cx.app.now());
        let event = step_event(cx, "VMSNAPSHOT.REVERTTO", "ERROR", id, why.to_owned());
        Ok(Box::new(move |tx| {
            ended(tx, id, now)?;
            event_add(tx, &event)
        }))
    }
}

fn ended(tx: &Tx<'_>, id: VmSnapshotId, now: hostler_model::Timestamp) -> Result<(), StoreError> {
    let row = vm_snapshot_get(tx, id)?;
    vm_snapshot_transition(tx, &row, VmSnapshotEvent::RevertEnded, None, now).map(drop)
}
