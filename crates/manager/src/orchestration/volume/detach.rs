//! `volume.detach`: the guest lets go of a volume, and it is nobody's. One step, which cannot be undone. The volume
//! stays where it is, with all that is on it.

use async_trait::async_trait;
use hostler_model::{JobId, VmId, VmState, VolumeId};
use hostler_store::Tx;
use hostler_store::event::event_add;
use hostler_store::volume::{volume_get, volume_set_vm, volumes_of};
use hostler_wire::DetachVolumeCommand;
use serde_json::{Value, json};

use super::{
    Ask, Scene, WAIT, must_live, refused, run, running_vm, step_event, volume_of, volume_result,
};
use crate::context::Context;
use crate::error::ServiceError;
use crate::jobs::{Commit, Done, StepContext, StepError, Undone, Workflow, nothing};
use crate::orchestration::Caller;
use crate::orchestration::vm::must_not_be_adopted;

const STEPS: &[&str] = &["unplug"];
/// Seconds that a guest has to let go.
const GRACE: u32 = 60;

/// Which volume is meant.
#[derive(Debug, Clone, Copy)]
pub enum AttachedVolume {
    /// This one.
    Id(VolumeId),
    /// The disk of that number of that VM.
    Disk(VmId, u32),
}

/// See the file's description.
#[derive(Debug)]
pub struct DetachVolume;

/// Checks, takes the volume, records the job, and has it run.
///
/// # Errors
/// [`ServiceError`] says what is in the way.
pub async fn detach(
    app: &Context,
    caller: &Caller,
    which: AttachedVolume,
) -> Result<JobId, ServiceError> {
    let (caller, context) = (caller.clone(), app.clone());
    let job = app
        .store
        .write(move |tx| {
            let scene = Scene::read(tx, find(tx, which)?, None)?;
            let vm = check(&scene)?;
            let ask = Ask {
                kind: "volume.detach",
                api_command: "detachVolume",
                steps: STEPS,
                wants: json!(null),
                vm: Some(vm),
            };
            let text = format!("volume {} is to be detached", scene.volume.name);
            ask.record(tx, &caller, &scene.volume, ("VOLUME.DETACH", text), &context)
        })
        .await?;
    Ok(run(app, &job))
}

fn find(tx: &Tx<'_>, which: AttachedVolume) -> Result<VolumeId, ServiceError> {
    match which {
        AttachedVolume::Id(id) => Ok(id),
        AttachedVolume::Disk(vm, device) => {
            let found = volumes_of(tx, vm)?.into_iter().find(|volume| volume.device == device);
            found.map(|volume| volume.id).ok_or_else(|| {
                ServiceError::parameter(format!(
                    "parameter deviceid: VM {vm} has no disk number {device}"
                ))
            })
        }
    }
}

/// The VM that has it.
fn check(scene: &Scene) -> Result<VmId, ServiceError> {
    let volume = &scene.volume;
    must_live(volume)?;
    if volume.is_root {
        return Err(refused(format!(
            "volume {} is a root volume; it stays with its VM",
            volume.name
        )));
    }
    let Some(vm) = &scene.vm else {
        return Err(refused(format!("volume {} is not attached to a VM", volume.name)));
    };
    must_not_be_adopted(vm, "relieved of a volume")?;
    if !matches!(vm.state, VmState::Running | VmState::Stopped | VmState::Destroyed) {
        return Err(refused(format!(
            "{} is {}; a volume can be detached from a VM that is Running or Stopped",
            vm.instance_name, vm.state
        )));
    }
    Ok(vm.id)
}

#[async_trait]
impl Workflow for DetachVolume {
    fn kind(&self) -> &'static str {
        "volume.detach"
    }

    fn steps(&self) -> &'static [&'static str] {
        STEPS
    }

    async fn act(&self, cx: &StepContext, _step: &str) -> Result<Done, StepError> {
        unplug(cx).await
    }

    async fn undo(&self, _cx: &StepContext, _step: &str) -> Result<Undone, ServiceError> {
        // a guest that keeps the volume has it as before
        Ok(Undone { commit: nothing() })
    }

    fn result(&self, cx: &StepContext) -> Value {
        volume_result(cx)
    }

    async fn failed(&self, cx: &StepContext, why: &str) -> Result<Commit, ServiceError> {
        let event = step_event(cx, "VOLUME.DETACH", "ERROR", volume_of(cx)?, why.to_owned());
        Ok(Box::new(move |tx| event_add(tx, &event)))
    }
}

async fn unplug(cx: &StepContext) -> Result<Done, StepError> {
    let (id, vm, now) = (volume_of(cx)?, VmId::new(cx.job.subject), cx.app.now());
    let scene = cx.read(move |tx| Scene::read(tx, id, Some(vm))).await?;
    if scene.volume.vm != Some(vm) {
        return Ok(Done::writing("it is not attached any more", |_| Ok(())));
    }
    check(&scene)?;
    if let (Some((vm, run)), Some(pool)) = (scene.running(), scene.volume.pool) {
        let from = running_vm(vm, run);
        let command = DetachVolumeCommand { from, volume: id, pool, grace_seconds: GRACE };
        cx.call(run.host, "detach", command, WAIT).await.map_err(ServiceError::from)?;
    }
    let text = format!("volume {} is detached", scene.volume.name);
    let event = step_event(cx, "VOLUME.DETACH", "INFO", id, text.clone());
    Ok(Done::writing(text, move |tx| {
        let volume = volume_get(tx, id)?;
        if volume.vm == Some(vm) {
            volume_set_vm(tx, &volume, None, now)?;
        }
        event_add(tx, &event)
    }))
}
