//! `volume.from_snapshot`: claim → write. A new data volume begins with what a snapshot has, on the snapshot's pool.
//!
//! A job that fails leaves no volume.

use async_trait::async_trait;
use hostler_model::{
    AccountId, Bytes, DiskOfferingId, JobId, SnapshotId, SnapshotState, VolumeEvent, VolumeId,
    VolumeState,
};
use hostler_store::event::event_add;
use hostler_store::limit;
use hostler_store::reference::Entity;
use hostler_store::snapshot::{SnapshotRow, snapshot_get};
use hostler_store::volume::{
    NewDataVolume, pool_require_room, volume_add, volume_get, volume_transition,
};
use hostler_store::{StoreError, Tx};
use hostler_wire::{DeleteVolumeCommand, RestoreSnapshotCommand};
use serde_json::{Value, json};
use uuid::Uuid;

use super::create::wanted;
use super::{
    Ask, Size, WAIT, never_was, refused, run, size_of, step_event, volume_of, volume_result,
};
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::{Commit, Done, StepContext, StepError, Undone, Workflow, nothing};
use crate::orchestration::Caller;
use crate::orchestration::chosen_id::must_be_free;
use crate::orchestration::snapshot::{COPYING, Wants, snapshot_of};

const STEPS: &[&str] = &["claim", "write"];

/// See the file's description.
#[derive(Debug)]
pub struct FromSnapshot;

/// Records a volume that is to be made from a snapshot, and has its job run.
///
/// # Errors
/// [`ServiceError`] names the parameter; nothing is written then.
pub async fn create_from_snapshot(
    app: &Context,
    caller: &Caller,
    account: AccountId,
    snapshot: SnapshotId,
    (chosen, name): (Option<VolumeId>, Option<String>),
    size: Option<Size>,
) -> Result<(VolumeId, JobId), ServiceError> {
    let id = chosen.unwrap_or_else(|| VolumeId::new(Uuid::now_v7()));
    let (caller, context, limits) = (caller.clone(), app.clone(), app.settings.limits());
    let job = app
        .store
        .write(move |tx| {
            let row = snapshot_get(tx, snapshot)?;
            must_be_there(&row)?;
            must_be_free(tx, "customid", Entity::Volume, chosen.map(VolumeId::uuid))?;
            let (offering, size) = sold(tx, &row, size.as_ref())?;
            limit::claim(tx, &limits, account, &wanted(size))?;
            let name = name.unwrap_or_else(|| format!("DATA-{id}"));
            let text = format!("volume {name} is to be made from snapshot {}", row.name);
            let new = NewDataVolume { id, account, zone: row.zone, vm: None, name, offering, size };
            volume_add(tx, &new, context.now())?;
            let ask = Ask {
                kind: "volume.from_snapshot",
                api_command: "createVolume",
                steps: STEPS,
                wants: json!(Wants { snapshot }),
                vm: None,
            };
            let volume = volume_get(tx, id)?;
            ask.record(tx, &caller, &volume, ("VOLUME.CREATE", text), &context)
        })
        .await?;
    Ok((id, run(app, &job)))
}

fn must_be_there(row: &SnapshotRow) -> Result<(), ServiceError> {
    if row.state == SnapshotState::BackedUp {
        return Ok(());
    }
    Err(refused(format!("snapshot {} is {}, not BackedUp", row.name, row.state)))
}

/// What the volume is sold as, and how large it is: as the snapshot's volume, or larger.
fn sold(
    tx: &Tx<'_>,
    row: &SnapshotRow,
    size: Option<&Size>,
) -> Result<(Option<DiskOfferingId>, Bytes), ServiceError> {
    let Some(asked) = size else {
        let offering = volume_get(tx, row.volume).ok().and_then(|volume| volume.offering);
        return Ok((offering, row.size));
    };
    let size = size_of(tx, asked)?;
    if size < row.size {
        return Err(ServiceError::parameter(format!(
            "parameter diskofferingid: the volume would have {size}, snapshot {} needs {}; ask for more",
            row.name, row.size
        )));
    }
    Ok((Some(asked.offering), size))
}

#[async_trait]
impl Workflow for FromSnapshot {
    fn kind(&self) -> &'static str {
        "volume.from_snapshot"
    }

    fn steps(&self) -> &'static [&'static str] {
        STEPS
    }

    async fn act(&self, cx: &StepContext, step: &str) -> Result<Done, StepError> {
        match step {
            "claim" => claim(cx).await,
            _ => write(cx).await,
        }
    }

    async fn undo(&self, cx: &StepContext, step: &str) -> Result<Undone, ServiceError> {
        let commit = match step {
            "claim" => unclaim(cx)?,
            _ => unwrite(cx).await?,
        };
        Ok(Undone { commit })
    }

    fn result(&self, cx: &StepContext) -> Value {
        volume_result(cx)
    }

    /// There is no such volume.
    async fn failed(&self, cx: &StepContext, why: &str) -> Result<Commit, ServiceError> {
        never_was(cx, "VOLUME.CREATE", why)
    }
}

/// Takes room on the snapshot's pool.
async fn claim(cx: &StepContext) -> Result<Done, StepError> {
    let (id, snapshot, now) = (volume_of(cx)?, snapshot_of(cx)?, cx.app.now());
    let row = cx.read(move |tx| snapshot_get(tx, snapshot)).await?;
    must_be_there(&row)?;
    let Some(pool) = row.pool else {
        let text = format!("snapshot {} is on no storage pool", row.name);
        return Err(StepError::fail(ServiceErrorKind::Internal, text));
    };
    Ok(Done::writing("room on the snapshot's pool", move |tx| {
        let volume = volume_get(tx, id)?;
        pool_require_room(tx, pool, volume.size)?;
        let event = VolumeEvent::CreateRequested;
        volume_transition(tx, &volume, event, Some(pool), None, now).map(drop)
    }))
}

fn unclaim(cx: &StepContext) -> Result<Commit, ServiceError> {
    let (id, now) = (volume_of(cx)?, cx.app.now());
    Ok(Box::new(move |tx: &Tx<'_>| -> Result<(), StoreError> {
        let volume = volume_get(tx, id)?;
        if matches!(volume.state, VolumeState::Creating | VolumeState::Ready) {
            volume_transition(tx, &volume, VolumeEvent::CreateUndone, None, None, now)?;
        }
        Ok(())
    }))
}

/// Has the snapshot's host write the volume.
async fn write(cx: &StepContext) -> Result<Done, StepError> {
    let (id, snapshot, now) = (volume_of(cx)?, snapshot_of(cx)?, cx.app.now());
    let (volume, row) =
        cx.read(move |tx| Ok((volume_get(tx, id)?, snapshot_get(tx, snapshot)?))).await?;
    let (Some(pool), Some(host)) = (volume.pool, volume.host) else {
        let text = format!("the host of snapshot {} is not in the cloud any more", row.name);
        return Err(StepError::fail(ServiceErrorKind::Unavailable, text));
    };
    let command = RestoreSnapshotCommand { snapshot, volume: id, pool, size: volume.size };
    let answer = cx.call(host, "write", command, COPYING).await.map_err(ServiceError::from)?;
    let text = format!("volume {} is made from snapshot {}", volume.name, row.name);
    let event = step_event(cx, "VOLUME.CREATE", "INFO", id, text.clone());
    Ok(Done::writing(text, move |tx| {
        let volume = volume_get(tx, id)?;
        let path = Some(answer.path.as_str());
        volume_transition(tx, &volume, VolumeEvent::Created, Some(pool), path, now)?;
        event_add(tx, &event)
    }))
}

/// Has the host remove what there is of the volume.
async fn unwrite(cx: &StepContext) -> Result<Commit, ServiceError> {
    let id = volume_of(cx)?;
    let volume = cx.read(move |tx| volume_get(tx, id)).await?;
    if let (Some(pool), Some(host)) = (volume.pool, volume.host) {
        let command = DeleteVolumeCommand { volume: id, pool };
        cx.call(host, "delete", command, WAIT).await?;
    }
    Ok(nothing())
}
