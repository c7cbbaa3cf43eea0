//! `snapshot.create`: begin → copy. The record claims room for the copy, and the volume's host makes it.

use async_trait::async_trait;
use hostler_model::{
    JobId, LimitKind, SnapshotEvent, SnapshotId, SnapshotPolicyId, SnapshotState, VmState,
    VolumeId, VolumeState,
};
use hostler_store::Tx;
use hostler_store::event::event_add;
use hostler_store::job::NewJob;
use hostler_store::limit;
use hostler_store::snapshot::{
    Copied, NewSnapshot, SnapshotNews, snapshot_add, snapshot_get, snapshot_transition,
};
use hostler_store::volume::pool_require_room;
use hostler_wire::{CreateSnapshotCommand, DeleteSnapshotCommand};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{COPYING, Wants, snapshot_of, snapshot_result, step_event};
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::{Commit, Done, StepContext, StepError, Undone, Workflow, nothing};
use crate::orchestration::Caller;
use crate::orchestration::volume::{Ask, Scene, input, must_live, refused, run, running_vm};

const STEPS: &[&str] = &["begin", "copy"];

/// See the file's description.
#[derive(Debug)]
pub struct CreateSnapshot;

/// A snapshot that is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    /// The volume.
    pub(crate) volume: VolumeId,
    /// Its name; nothing: derived from the volume's and the time.
    pub(crate) name: Option<String>,
    /// `MANUAL`, or the kind of the policy that it is made by, with that.
    pub(crate) kind: (&'static str, Option<SnapshotPolicyId>),
}

/// Checks, takes the volume, records snapshot and job, and has it run.
///
/// # Errors
/// [`ServiceError`] says what is in the way; nothing is written then.
pub async fn create(
    app: &Context,
    caller: &Caller,
    volume: VolumeId,
    name: Option<String>,
) -> Result<(SnapshotId, JobId), ServiceError> {
    let (caller, context) = (caller.clone(), app.clone());
    let wish = Wish { volume, name, kind: ("MANUAL", None) };
    let (id, job) = app.store.write(move |tx| record(tx, &context, &caller, wish)).await?;
    Ok((id, run(app, &job)))
}

/// Records a snapshot and its job, which is to be run when that is committed.
///
/// # Errors
/// As [`create`].
pub(crate) fn record(
    tx: &Tx<'_>,
    app: &Context,
    caller: &Caller,
    wish: Wish,
) -> Result<(SnapshotId, NewJob), ServiceError> {
    let (id, now) = (SnapshotId::new(Uuid::now_v7()), app.now());
    let scene = Scene::read(tx, wish.volume, None)?;
    check(&scene)?;
    let volume = &scene.volume;
    let asked = [(LimitKind::Snapshot, 1), (LimitKind::SecondaryStorage, volume.size.0)];
    limit::claim(tx, &app.settings.limits(), volume.account, &asked)?;
    let name = wish.name.unwrap_or_else(|| {
        let at = jiff::Timestamp::from_millisecond(now.0).unwrap_or_default();
        format!("{}_{}", volume.name, at.strftime("%Y%m%d%H%M%S"))
    });
    let text = format!("snapshot {name} of volume {} is to be made", volume.name);
    let (account, zone) = (volume.account, volume.zone);
    let (volume_id, kind, size) = (volume.id, wish.kind, volume.size);
    let new = NewSnapshot { id, account, zone, volume: volume_id, name, kind, size };
    snapshot_add(tx, &new, now)?;
    let ask = Ask {
        kind: "snapshot.create",
        api_command: "createSnapshot",
        steps: STEPS,
        wants: json!(Wants { snapshot: id }),
        vm: volume.vm,
    };
    Ok((id, ask.record(tx, caller, volume, ("SNAPSHOT.CREATE", text), app)?))
}

/// Whether the volume can be copied as it is.
fn check(scene: &Scene) -> Result<(), ServiceError> {
    let volume = &scene.volume;
    must_live(volume)?;
    if volume.state != VolumeState::Ready {
        return Err(refused(format!(
            "volume {} is {}; it can be copied when it is written, at the first start of its VM",
            volume.name, volume.state
        )));
    }
    match &scene.vm {
        Some(vm) if !matches!(vm.state, VmState::Running | VmState::Stopped) => {
            Err(refused(format!(
                "{} is {}; its volumes can be copied while it is Running or Stopped",
                vm.instance_name, vm.state
            )))
        }
        _ => Ok(()),
    }
}

#[async_trait]
impl Workflow for CreateSnapshot {
    fn kind(&self) -> &'static str {
        "snapshot.create"
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
        snapshot_result(cx)
    }

    /// It stays in the record, in Error, until somebody deletes it.
    async fn failed(&self, cx: &StepContext, why: &str) -> Result<Commit, ServiceError> {
        let (id, now) = (snapshot_of(cx)?, cx.app.now());
        let event = step_event(cx, "SNAPSHOT.CREATE", "ERROR", id, why.to_owned());
        let why = why.to_owned();
        Ok(Box::new(move |tx| {
            let row = snapshot_get(tx, id)?;
            let news = SnapshotNews { error: Some(&why), ..SnapshotNews::default() };
            snapshot_transition(tx, &row, SnapshotEvent::CopyFailed, &news, now)?;
            event_add(tx, &event)
        }))
    }
}

/// Says where the copy will be, and takes room for it there.
async fn begin(cx: &StepContext) -> Result<Done, StepError> {
    let (id, volume, now) = (snapshot_of(cx)?, input(cx)?.volume, cx.app.now());
    let scene = cx.read(move |tx| Scene::read(tx, volume, None)).await?;
    check(&scene)?;
    let volume = scene.volume;
    let Some(pool) = volume.pool else {
        let text = format!("volume {} is on no storage pool", volume.name);
        return Err(StepError::fail(ServiceErrorKind::Internal, text));
    };
    Ok(Done::writing(format!("room for {} on its pool", volume.size), move |tx| {
        pool_require_room(tx, pool, volume.size)?;
        let row = snapshot_get(tx, id)?;
        let news = SnapshotNews { pool: Some(pool), ..SnapshotNews::default() };
        snapshot_transition(tx, &row, SnapshotEvent::CopyRequested, &news, now)
    }))
}

/// Has the host copy the volume.
async fn copy(cx: &StepContext) -> Result<Done, StepError> {
    let (id, volume, now) = (snapshot_of(cx)?, input(cx)?.volume, cx.app.now());
    let (scene, row) =
        cx.read(move |tx| Ok((Scene::read(tx, volume, None)?, snapshot_get(tx, id)?))).await?;
    let (Some(pool), Some(host)) = (row.pool, row.host) else {
        let text = format!("the host of volume {} is not in the cloud any more", scene.volume.name);
        return Err(StepError::fail(ServiceErrorKind::Unavailable, text));
    };
    let used_by = scene.running().map(|(vm, run)| running_vm(vm, run));
    let how = if used_by.is_some() { "while its guest ran" } else { "while nobody had it open" };
    let command = CreateSnapshotCommand { snapshot: id, volume, pool, used_by };
    let answer = cx.call(host, "copy", command, COPYING).await.map_err(ServiceError::from)?;
    let text = format!("snapshot {} is made, {how}", row.name);
    let event = step_event(cx, "SNAPSHOT.CREATE", "INFO", id, text.clone());
    let copied =
        Copied { size: answer.size, physical_size: answer.physical_size, path: answer.path };
    Ok(Done::writing(text, move |tx| {
        let news = SnapshotNews { copied: Some(&copied), ..SnapshotNews::default() };
        snapshot_transition(tx, &snapshot_get(tx, id)?, SnapshotEvent::Copied, &news, now)?;
        event_add(tx, &event)
    }))
}

/// Has the host remove what there is of the copy.
async fn remove(cx: &StepContext) -> Result<(), ServiceError> {
    let snapshot = snapshot_of(cx)?;
    let row = cx.read(move |tx| snapshot_get(tx, snapshot)).await?;
    if let (Some(pool), Some(host), false) = (row.pool, row.host, row.state == SnapshotState::Error)
    {
        let command = DeleteSnapshotCommand { snapshot, pool };
        cx.call(host, "delete", command, COPYING).await?;
    }
    Ok(())
}
