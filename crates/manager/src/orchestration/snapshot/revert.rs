//! `snapshot.revert`: a volume that nobody runs with is as its snapshot has it again. One step: the host writes the
//! volume anew and puts it in place of the old one at the end, so a failure leaves the volume as it was.

use async_trait::async_trait;
use hostler_model::{JobId, SnapshotId, SnapshotState, VmState, VolumeState};
use hostler_store::event::event_add;
use hostler_store::snapshot::{SnapshotRow, snapshot_get};
use hostler_store::volume::volume_get;
use hostler_wire::RestoreSnapshotCommand;
use serde_json::{Value, json};

use super::{COPYING, Wants, snapshot_of, snapshot_result, step_event};
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::{Commit, Done, StepContext, StepError, Undone, Workflow, nothing};
use crate::orchestration::Caller;
use crate::orchestration::volume::{Ask, Scene, input, must_live, refused, run};

const STEPS: &[&str] = &["write"];

/// See the file's description.
#[derive(Debug)]
pub struct RevertSnapshot;

/// Checks, takes the volume, records the job, and has it run.
///
/// # Errors
/// [`ServiceError`] if the VM runs, or the volume is gone.
pub async fn revert(app: &Context, caller: &Caller, id: SnapshotId) -> Result<JobId, ServiceError> {
    let (caller, context) = (caller.clone(), app.clone());
    let job = app
        .store
        .write(move |tx| {
            let row = snapshot_get(tx, id)?;
            if volume_get(tx, row.volume).is_err() {
                let text = format!(
                    "the volume of snapshot {} is deleted; make a new one from it (createVolume)",
                    row.name
                );
                return Err(refused(text));
            }
            let scene = Scene::read(tx, row.volume, None)?;
            check(&scene, &row)?;
            let ask = Ask {
                kind: "snapshot.revert",
                api_command: "revertSnapshot",
                steps: STEPS,
                wants: json!(Wants { snapshot: id }),
                vm: scene.volume.vm,
            };
            let text =
                format!("volume {} is to be as snapshot {} has it", scene.volume.name, row.name);
            ask.record(tx, &caller, &scene.volume, ("SNAPSHOT.REVERT", text), &context)
        })
        .await?;
    Ok(run(app, &job))
}

fn check(scene: &Scene, row: &SnapshotRow) -> Result<(), ServiceError> {
    let volume = &scene.volume;
    must_live(volume)?;
    if row.state != SnapshotState::BackedUp {
        return Err(refused(format!("snapshot {} is {}, not BackedUp", row.name, row.state)));
    }
    if volume.state != VolumeState::Ready || volume.pool != row.pool {
        return Err(refused(format!(
            "volume {} is not where snapshot {} is; make a new one from it (createVolume)",
            volume.name, row.name
        )));
    }
    match &scene.vm {
        Some(vm) if vm.state != VmState::Stopped => Err(refused(format!(
            "{} is {}; stop it before its volume is reverted",
            vm.instance_name, vm.state
        ))),
        _ => Ok(()),
    }
}

#[async_trait]
impl Workflow for RevertSnapshot {
    fn kind(&self) -> &'static str {
        "snapshot.revert"
    }

    fn steps(&self) -> &'static [&'static str] {
        STEPS
    }

    async fn act(&self, cx: &StepContext, _step: &str) -> Result<Done, StepError> {
        let (id, volume) = (snapshot_of(cx)?, input(cx)?.volume);
        let (scene, row) =
            cx.read(move |tx| Ok((Scene::read(tx, volume, None)?, snapshot_get(tx, id)?))).await?;
        check(&scene, &row)?;
        let (Some(pool), Some(host)) = (row.pool, row.host) else {
            let text = format!("the host of snapshot {} is not in the cloud any more", row.name);
            return Err(StepError::fail(ServiceErrorKind::Unavailable, text));
        };
        let size = scene.volume.size.max(row.size);
        let command = RestoreSnapshotCommand { snapshot: id, volume, pool, size };
        cx.call(host, "restore", command, COPYING).await.map_err(ServiceError::from)?;
        let text = format!("volume {} is as snapshot {} has it", scene.volume.name, row.name);
        let event = step_event(cx, "SNAPSHOT.REVERT", "INFO", id, text.clone());
        Ok(Done::writing(text, move |tx| event_add(tx, &event)))
    }

    async fn undo(&self, _cx: &StepContext, _step: &str) -> Result<Undone, ServiceError> {
        Ok(Undone { commit: nothing() })
    }

    fn result(&self, cx: &StepContext) -> Value {
        snapshot_result(cx)
    }

    async fn failed(&self, cx: &StepContext, why: &str) -> Result<Commit, ServiceError> {
        let event = step_event(cx, "SNAPSHOT.REVERT", "ERROR", snapshot_of(cx)?, why.to_owned());
        Ok(Box::new(move |tx| event_add(tx, &event)))
    }
}
