//! `vm_snapshot.delete`: a VM snapshot leaves its pool and the record. One step; what is deleted stays deleted. Those of a
//! VM go when that is expunged.

use async_trait::async_trait;
use hostler_model::{
    JobId, SnapshotEvent, SnapshotState, Timestamp, VmId, VmSnapshotEvent, VmSnapshotId,
    VmSnapshotState,
};
use hostler_store::event::event_add;
use hostler_store::snapshot::{SnapshotNews, SnapshotRow, snapshot_transition};
use hostler_store::vm::VmRow;
use hostler_store::vm_snapshot::{
    VmSnapshotRow, vm_snapshot_copies, vm_snapshot_get, vm_snapshot_transition, vm_snapshots_of,
};
use hostler_store::{StoreError, Tx};
use hostler_wire::DeleteSnapshotCommand;
use serde_json::{Value, json};

use super::{Ask, id_of, run, step_event};
use crate::context::Context;
use crate::error::ServiceError;
use crate::jobs::{Commit, Done, StepContext, StepError, Undone, Workflow, nothing};
use crate::orchestration::Caller;
use crate::orchestration::snapshot::COPYING;
use crate::orchestration::volume::refused;

const STEPS: &[&str] = &["delete"];

/// See the file's description.
#[derive(Debug)]
pub struct DeleteVmSnapshot;

/// Checks, records that it is being deleted, and has the job run.
///
/// # Errors
/// [`ServiceError`] if a job is at it.
pub async fn delete(
    app: &Context,
    caller: &Caller,
    id: VmSnapshotId,
) -> Result<JobId, ServiceError> {
    let (caller, context) = (caller.clone(), app.clone());
    let job = app
        .store
        .write(move |tx| {
            let row = vm_snapshot_get(tx, id)?;
            if !matches!(row.state, VmSnapshotState::Ready | VmSnapshotState::Error) {
                let text = format!("VM snapshot {} is {}; wait for its job", row.name, row.state);
                return Err(refused(text));
            }
            begin(tx, &row, context.now())?;
            let ask = Ask {
                kind: "vm_snapshot.delete",
                api_command: "deleteVMSnapshot",
                steps: STEPS,
                id,
                vm: row.vm,
                takes: &[],
            };
            let text = format!("VM snapshot {} is to be deleted", row.name);
            ask.record(tx, &caller, ("VMSNAPSHOT.DELETE", text), &context)
        })
        .await?;
    Ok(run(app, &job))
}

/// It is being deleted, and its copies are.
fn begin(tx: &Tx<'_>, row: &VmSnapshotRow, now: Timestamp) -> Result<VmSnapshotRow, StoreError> {
    for copy in vm_snapshot_copies(tx, row.id)? {
        if copy.state != SnapshotState::Destroying {
            let (event, news) = (SnapshotEvent::DeleteRequested, SnapshotNews::default());
            snapshot_transition(tx, &copy, event, &news, now)?;
        }
    }
    if row.state == VmSnapshotState::Expunging {
        return Ok(row.clone());
    }
    vm_snapshot_transition(tx, row, VmSnapshotEvent::DeleteRequested, None, now)
}

/// It is gone, or still there, as `copies` and `whole` say.
fn end(
    tx: &Tx<'_>,
    id: VmSnapshotId,
    (copies, whole): (SnapshotEvent, VmSnapshotEvent),
    now: Timestamp,
) -> Result<(), StoreError> {
    for copy in vm_snapshot_copies(tx, id)? {
        snapshot_transition(tx, &copy, copies, &SnapshotNews::default(), now)?;
    }
    vm_snapshot_transition(tx, &vm_snapshot_get(tx, id)?, whole, None, now).map(drop)
}

const GONE: (SnapshotEvent, VmSnapshotEvent) = (SnapshotEvent::Deleted, VmSnapshotEvent::Deleted);
const KEPT: (SnapshotEvent, VmSnapshotEvent) =
    (SnapshotEvent::DeleteFailed, VmSnapshotEvent::DeleteFailed);

/// Has the host delete copies. What a host that was taken out of the cloud has, stays on it.
async fn delete_files(cx: &StepContext, copies: &[SnapshotRow]) -> Result<(), ServiceError> {
    for copy in copies {
        let (Some(pool), Some(host)) = (copy.pool, copy.host) else { continue };
        let command = DeleteSnapshotCommand { snapshot: copy.id, pool };
        cx.call(host, &format!("delete {}", copy.id), command, COPYING).await?;
    }
    Ok(())
}

/// Has the host delete the copies of all VM snapshots of a VM that is being expunged.
///
/// # Errors
/// The host's refusal.
pub(in crate::orchestration) async fn delete_of_vm(
    cx: &StepContext,
    vm: VmId,
) -> Result<(), ServiceError> {
    let copies = cx.read(move |tx| {
        let all = vm_snapshots_of(tx, vm)?;
        let of_each = all.iter().map(|row| vm_snapshot_copies(tx, row.id));
        Ok(of_each.collect::<Result<Vec<_>, _>>()?.concat())
    });
    delete_files(cx, &copies.await?).await
}

/// Records that these are gone.
///
/// # Errors
/// [`StoreError`].
pub(in crate::orchestration) fn forget_of_vm(
    tx: &Tx<'_>,
    vm: VmId,
    now: Timestamp,
) -> Result<(), StoreError> {
    for row in vm_snapshots_of(tx, vm)? {
        begin(tx, &row, now)?;
        end(tx, row.id, GONE, now)?;
    }
    Ok(())
}

/// Refuses what cannot be done to a VM that has VM snapshots.
///
/// # Errors
/// [`ServiceError`] if it has any.
pub(in crate::orchestration) fn refuse_if_any(
    tx: &Tx<'_>,
    vm: &VmRow,
    verb: &str,
) -> Result<(), ServiceError> {
    let there = vm_snapshots_of(tx, vm.id)?.len();
    if there == 0 {
        return Ok(());
    }
    let name = &vm.instance_name;
    Err(refused(format!("{name} has {there} VM snapshots; delete them before it is {verb}")))
}

#[async_trait]
impl Workflow for DeleteVmSnapshot {
    fn kind(&self) -> &'static str {
        "vm_snapshot.delete"
    }

    fn steps(&self) -> &'static [&'static str] {
        STEPS
    }

    async fn act(&self, cx: &StepContext, _step: &str) -> Result<Done, StepError> {
        let (id, now) = (id_of(cx)?, cx.app.now());
        let found =
            cx.read(move |tx| Ok((vm_snapshot_get(tx, id)?, vm_snapshot_copies(tx, id)?))).await;
        let (row, copies) = found?;
        delete_files(cx, &copies).await?;
        let text = format!("VM snapshot {} is deleted", row.name);
        let event = step_event(cx, "VMSNAPSHOT.DELETE", "INFO", id, text.clone());
        Ok(Done::writing(text, move |tx| {
            end(tx, id, GONE, now)?;
            event_add(tx, &event)
        }))
    }

    async fn undo(&self, _cx: &StepContext, _step: &str) -> Result<Undone, ServiceError> {
        Ok(Undone { commit: nothing() })
    }

    fn result(&self, _cx: &StepContext) -> Value {
        json!({ "success": true })
    }

    /// It can be deleted again.
    async fn failed(&self, cx: &StepContext, why: &str) -> Result<Commit, ServiceError> {
        let (id, now) = (id_of(cx)?, cx.app.now());
        let event = step_event(cx, "VMSNAPSHOT.DELETE", "ERROR", id, why.to_owned());
        Ok(Box::new(move |tx| {
            end(tx, id, KEPT, now)?;
            event_add(tx, &event)
        }))
    }
}
