//! `vm_snapshot.create`: begin → copy. The record claims room for the copies, and the VM's host makes all of them at once.

use async_trait::async_trait;
use hostler_model::{
    Bytes, JobId, LimitKind, SnapshotEvent, SnapshotId, StoragePoolId, VmId, VmSnapshotEvent,
    VmSnapshotId, VmState, VolumeState,
};
use hostler_store::Tx;
use hostler_store::event::event_add;
use hostler_store::limit;
use hostler_store::snapshot::{
    Copied, NewSnapshot, SnapshotNews, SnapshotRow, snapshot_add, snapshot_transition,
};
use hostler_store::vm_snapshot::{
    NewVmSnapshot, vm_snapshot_add, vm_snapshot_copies, vm_snapshot_get, vm_snapshot_own,
    vm_snapshot_set_current, vm_snapshot_transition, vm_snapshots_of,
};
use hostler_store::volume::pool_require_room;
use hostler_wire::{CopyVolumesCommand, DeleteSnapshotCommand};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Ask, Scene, id_of, run, step_event};
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::{Commit, Done, StepContext, StepError, Undone, Workflow, nothing};
use crate::orchestration::Caller;
use crate::orchestration::snapshot::COPYING;
use crate::orchestration::volume::{must_live, refused};
use crate::settings::VM_SNAPSHOT_MAX;

const STEPS: &[&str] = &["begin", "copy"];

/// See the file's description.
#[derive(Debug)]
pub struct CreateVmSnapshot;

/// A VM snapshot that is asked for.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The VM.
    pub vm: VmId,
    /// Its name; nothing: derived from the VM's and the time.
    pub name: Option<String>,
    /// Any text.
    pub description: Option<String>,
}

/// Checks, takes the VM's volumes, records VM snapshot, copies and job, and has it run.
///
/// # Errors
/// [`ServiceError`] says what is in the way; nothing is written then.
pub async fn create(
    app: &Context,
    caller: &Caller,
    wish: Wish,
) -> Result<(VmSnapshotId, JobId), ServiceError> {
    let (id, caller, context) = (VmSnapshotId::new(Uuid::now_v7()), caller.clone(), app.clone());
    let job = app
        .store
        .write(move |tx| {
            let scene = Scene::read(tx, wish.vm)?;
            check(&scene)?;
            require_one_more(tx, &scene, context.settings.number(&VM_SNAPSHOT_MAX))?;
            let name = record(tx, &context, &scene, id, wish)?;
            let ask = Ask {
                kind: "vm_snapshot.create",
                api_command: "createVMSnapshot",
                steps: STEPS,
                id,
                vm: scene.vm.id,
                takes: &scene.volumes,
            };
            let text = format!("VM snapshot {name} of {} is to be made", scene.vm.instance_name);
            ask.record(tx, &caller, ("VMSNAPSHOT.CREATE", text), &context)
        })
        .await?;
    Ok((id, run(app, &job)))
}

/// Whether the VM's volumes can be copied as they are; the pool that has all of them.
fn check(scene: &Scene) -> Result<StoragePoolId, ServiceError> {
    let vm = &scene.vm;
    if !matches!(vm.state, VmState::Running | VmState::Stopped) {
        let text = format!(
            "{} is {}; a VM snapshot can be made while it is Running or Stopped",
            vm.instance_name, vm.state
        );
        return Err(refused(text));
    }
    for volume in &scene.volumes {
        must_live(volume)?;
        if volume.state != VolumeState::Ready {
            return Err(refused(format!(
                "volume {} of {} is {}; it is written at the next start of the VM: start it, or detach the volume",
                volume.name, vm.instance_name, volume.state
            )));
        }
    }
    let pool = scene.volumes.first().and_then(|volume| volume.pool);
    match pool.filter(|_| scene.volumes.iter().all(|volume| volume.pool == pool)) {
        Some(pool) => Ok(pool),
        None => {
            Err(refused(format!("{} has not all volumes on one storage pool", vm.instance_name)))
        }
    }
}

fn require_one_more(tx: &Tx<'_>, scene: &Scene, most: u64) -> Result<(), ServiceError> {
    let there = vm_snapshots_of(tx, scene.vm.id)?.len();
    if u64::try_from(there).is_ok_and(|there| there < most) {
        return Ok(());
    }
    let text = format!(
        "{} has {there} VM snapshots, and no VM may have more than {most} (setting vmsnapshot.max); delete one first",
        scene.vm.instance_name
    );
    Err(ServiceError::new(ServiceErrorKind::Quota, text))
}

/// Claims and records the VM snapshot and its copies; its name.
fn record(
    tx: &Tx<'_>,
    app: &Context,
    scene: &Scene,
    id: VmSnapshotId,
    wish: Wish,
) -> Result<String, ServiceError> {
    let (vm, now) = (&scene.vm, app.now());
    let count = u64::try_from(scene.volumes.len()).unwrap_or(u64::MAX);
    let asked = [(LimitKind::Snapshot, count), (LimitKind::SecondaryStorage, size_of(scene).0)];
    limit::claim(tx, &app.settings.limits(), vm.account, &asked)?;
    let name = wish.name.unwrap_or_else(|| {
        let at = jiff::Timestamp::from_millisecond(now.0).unwrap_or_default();
        format!("{}_{}", vm.display_name, at.strftime("%Y%m%d%H%M%S"))
    });
    let (account, zone, description) = (vm.account, vm.zone, wish.description);
    let new = NewVmSnapshot { id, vm: vm.id, account, zone, name, description };
    vm_snapshot_add(tx, &new, now)?;
    for volume in &scene.volumes {
        let copy = NewSnapshot {
            id: SnapshotId::new(Uuid::now_v7()),
            account,
            zone,
            volume: volume.id,
            name: format!("{} {}", new.name, volume.name),
            kind: ("MANUAL", None),
            size: volume.size,
        };
        snapshot_add(tx, &copy, now)?;
        vm_snapshot_own(tx, id, copy.id)?;
    }
    Ok(new.name)
}

fn size_of(scene: &Scene) -> Bytes {
    Bytes(scene.volumes.iter().map(|volume| volume.size.0).sum())
}

#[async_trait]
impl Workflow for CreateVmSnapshot {
    fn kind(&self) -> &'static str {
        "vm_snapshot.create"
    }

    fn steps(&self) -> &'static [&'static str] {
        STEPS
    }

    async fn act(&self, cx: &StepContext, step: &str) -> Result<Done, StepError> {
        match step {
            "begin" => begin(cx).await,
            _ => copy(cx).await,
        }
    }

    async fn undo(&self, cx: &StepContext, step: &str) -> Result<Undone, ServiceError> {
        if step == "copy" {
            remove(cx).await?;
        }
        Ok(Undone { commit: nothing() })
    }

    fn result(&self, cx: &StepContext) -> Value {
        json!({ "vmsnapshot": id_of(cx).ok() })
    }

    /// It stays in the record, in Error, until somebody deletes it.
    async fn failed(&self, cx: &StepContext, why: &str) -> Result<Commit, ServiceError> {
        let (id, now, why) = (id_of(cx)?, cx.app.now(), why.to_owned());
        let event = step_event(cx, "VMSNAPSHOT.CREATE", "ERROR", id, why.clone());
        Ok(Box::new(move |tx| {
            let news = SnapshotNews { error: Some(&why), ..SnapshotNews::default() };
            for copy in vm_snapshot_copies(tx, id)? {
                snapshot_transition(tx, &copy, SnapshotEvent::CopyFailed, &news, now)?;
            }
            let row = vm_snapshot_get(tx, id)?;
            vm_snapshot_transition(tx, &row, VmSnapshotEvent::CreateFailed, Some(&why), now)?;
            event_add(tx, &event)
        }))
    }
}

/// The VM as it is, with the copies that are to be made.
async fn scene(cx: &StepContext) -> Result<(Scene, Vec<SnapshotRow>), ServiceError> {
    let (id, vm) = (id_of(cx)?, VmId::new(cx.job.subject));
    cx.read(move |tx| Ok((Scene::read(tx, vm)?, vm_snapshot_copies(tx, id)?))).await
}

/// Says where the copies will be, and takes room for them there.
async fn begin(cx: &StepContext) -> Result<Done, StepError> {
    let (id, now) = (id_of(cx)?, cx.app.now());
    let (scene, copies) = scene(cx).await?;
    let (pool, size) = (check(&scene)?, size_of(&scene));
    Ok(Done::writing(format!("room for {size} on the VM's pool"), move |tx| {
        pool_require_room(tx, pool, size)?;
        let news = SnapshotNews { pool: Some(pool), ..SnapshotNews::default() };
        for copy in copies {
            snapshot_transition(tx, &copy, SnapshotEvent::CopyRequested, &news, now)?;
        }
        let row = vm_snapshot_get(tx, id)?;
        vm_snapshot_transition(tx, &row, VmSnapshotEvent::CreateRequested, None, now).map(drop)
    }))
}

/// Has the host copy all volumes at once.
async fn copy(cx: &StepContext) -> Result<Done, StepError> {
    let (id, now) = (id_of(cx)?, cx.app.now());
    let (scene, copies) = scene(cx).await?;
    let place = copies.first().and_then(|copy| copy.pool.zip(copy.host));
    let Some((pool, host)) = place else {
        let text = format!("the host of {} is not in the cloud any more", scene.vm.instance_name);
        return Err(StepError::fail(ServiceErrorKind::Unavailable, text));
    };
    let used_by = scene.running();
    let how = if used_by.is_some() { "while its guest ran" } else { "while it was off" };
    let named = copies.iter().map(|copy| (copy.id, copy.volume)).collect();
    let command = CopyVolumesCommand { copies: named, pool, used_by };
    let answer = cx.call(host, "copy", command, COPYING).await.map_err(ServiceError::from)?;
    if answer.copies.len() != copies.len() {
        let text = format!("{} of {} copies were made", answer.copies.len(), copies.len());
        return Err(StepError::fail(ServiceErrorKind::Internal, text));
    }
    let text = format!("{} volumes of {} are copied, {how}", copies.len(), scene.vm.instance_name);
    let event = step_event(cx, "VMSNAPSHOT.CREATE", "INFO", id, text.clone());
    Ok(Done::writing(text, move |tx| {
        for (copy, made) in copies.iter().zip(answer.copies) {
            let copied =
                Copied { size: made.size, physical_size: made.physical_size, path: made.path };
            let news = SnapshotNews { copied: Some(&copied), ..SnapshotNews::default() };
            snapshot_transition(tx, copy, SnapshotEvent::Copied, &news, now)?;
        }
        let row = vm_snapshot_get(tx, id)?;
        vm_snapshot_transition(tx, &row, VmSnapshotEvent::Created, None, now)?;
        vm_snapshot_set_current(tx, id, now)?;
        event_add(tx, &event)
    }))
}

/// Has the host remove what there is of the copies.
async fn remove(cx: &StepContext) -> Result<(), ServiceError> {
    let id = id_of(cx)?;
    for copy in cx.read(move |tx| vm_snapshot_copies(tx, id)).await? {
        let (Some(pool), Some(host)) = (copy.pool, copy.host) else { continue };
        let command = DeleteSnapshotCommand { snapshot: copy.id, pool };
        cx.call(host, &format!("delete {}", copy.id), command, COPYING).await?;
    }
    Ok(())
}
