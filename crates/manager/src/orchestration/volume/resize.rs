//! `volume.resize`: claim → grow. A volume only ever gets larger; while its VM runs, its guest is told.

use async_trait::async_trait;
use hostler_model::{Bytes, DiskOfferingId, JobId, LimitKind, VolumeId, VolumeState};
use hostler_store::Tx;
use hostler_store::disk_offering::disk_offering_get;
use hostler_store::event::event_add;
use hostler_store::limit::{self, LimitDefaults};
use hostler_store::volume::{VolumeRow, pool_require_room, volume_get, volume_set_size};
use hostler_wire::ResizeVolumeCommand;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Ask, Scene, Size, WAIT, input, must_live, refused, run, running_vm, size_of, step_event,
    volume_of, volume_result,
};
use crate::context::Context;
use crate::error::ServiceError;
use crate::jobs::{Commit, Done, StepContext, StepError, Undone, Workflow, nothing};
use crate::orchestration::Caller;

const STEPS: &[&str] = &["claim", "grow"];

/// What a caller says about the new size.
#[derive(Debug, Clone)]
pub struct NewSize {
    /// What it is sold as from now on; nothing: as before.
    pub offering: Option<DiskOfferingId>,
    /// The size; nothing: the new offering's.
    pub size: Option<Bytes>,
    /// See [`Size::domain_path`].
    pub domain_path: Option<String>,
}

/// What the job is to do.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Wants {
    size: Bytes,
    offering: Option<DiskOfferingId>,
}

/// What was before, for the way back.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Memory {
    before: Wants,
}

/// See the file's description.
#[derive(Debug)]
pub struct ResizeVolume;

/// Checks, takes the volume, records the job, and has it run.
///
/// # Errors
/// [`ServiceError`] says what is in the way; a smaller size is refused.
pub async fn resize(
    app: &Context,
    caller: &Caller,
    id: VolumeId,
    new: NewSize,
) -> Result<JobId, ServiceError> {
    let (caller, context, limits) = (caller.clone(), app.clone(), app.settings.limits());
    let job = app
        .store
        .write(move |tx| {
            let volume = volume_get(tx, id)?;
            must_live(&volume)?;
            let wants = wanted(tx, &volume, &new)?;
            check(tx, &limits, &volume, wants)?;
            let ask = Ask {
                kind: "volume.resize",
                api_command: "resizeVolume",
                steps: STEPS,
                wants: json!(wants),
                vm: volume.vm,
            };
            let text = format!("volume {} is to be made larger, {}", volume.name, wants.size);
            ask.record(tx, &caller, &volume, ("VOLUME.RESIZE", text), &context)
        })
        .await?;
    Ok(run(app, &job))
}

fn wanted(tx: &Tx<'_>, volume: &VolumeRow, new: &NewSize) -> Result<Wants, ServiceError> {
    match (new.offering, new.size, volume.offering) {
        (Some(_), _, None) if volume.is_root => Err(ServiceError::parameter(
            "parameter diskofferingid: a root volume has no disk offering; give size instead",
        )),
        (Some(offering), chosen, _) => {
            let domain_path = new.domain_path.clone();
            let size = size_of(tx, &Size { offering, chosen, domain_path })?;
            Ok(Wants { size, offering: Some(offering) })
        }
        (None, None, _) => Err(ServiceError::parameter(
            "size and diskofferingid are both missing; give one of them",
        )),
        (None, Some(size), None) => Ok(Wants { size, offering: None }),
        (None, Some(size), Some(offering)) => {
            let fixed = disk_offering_get(tx, offering).ok().and_then(|row| row.size);
            match fixed {
                None => Ok(Wants { size, offering: Some(offering) }),
                Some(fixed) => Err(ServiceError::parameter(format!(
                    "parameter size: the disk offering of volume {} has {fixed}; name a larger one (diskofferingid)",
                    volume.name
                ))),
            }
        }
    }
}

/// Whether there is room for what is added, and that something is.
fn check(
    tx: &Tx<'_>,
    limits: &LimitDefaults,
    volume: &VolumeRow,
    wants: Wants,
) -> Result<(), ServiceError> {
    if wants.size < volume.size {
        return Err(refused(format!(
            "volume {} has {} and would have {}; a volume is never made smaller, because what lies beyond would be lost",
            volume.name, volume.size, wants.size
        )));
    }
    let more = Bytes(wants.size.0 - volume.size.0);
    limit::claim(tx, limits, volume.account, &[(LimitKind::PrimaryStorage, more.0)])?;
    if let Some(pool) = volume.pool {
        pool_require_room(tx, pool, more)?;
    }
    Ok(())
}

#[async_trait]
impl Workflow for ResizeVolume {
    fn kind(&self) -> &'static str {
        "volume.resize"
    }

    fn steps(&self) -> &'static [&'static str] {
        STEPS
    }

    async fn act(&self, cx: &StepContext, step: &str) -> Result<Done, StepError> {
        match step {
            "claim" => claim(cx).await,
            _ => grow(cx).await,
        }
    }

    async fn undo(&self, cx: &StepContext, step: &str) -> Result<Undone, ServiceError> {
        let commit = if step == "claim" { unclaim(cx)? } else { nothing() };
        Ok(Undone { commit })
    }

    fn result(&self, cx: &StepContext) -> Value {
        volume_result(cx)
    }

    async fn failed(&self, cx: &StepContext, why: &str) -> Result<Commit, ServiceError> {
        let event = step_event(cx, "VOLUME.RESIZE", "ERROR", volume_of(cx)?, why.to_owned());
        Ok(Box::new(move |tx| event_add(tx, &event)))
    }
}

fn wants(cx: &StepContext) -> Result<Wants, ServiceError> {
    let asked = input(cx)?;
    serde_json::from_value(asked.wants).map_err(|e| {
        ServiceError::parameter(format!("the journal does not say how large it is to be: {e}"))
    })
}

/// Takes the room in the record before the host takes it.
async fn claim(cx: &StepContext) -> Result<Done, StepError> {
    let (id, wants, limits) = (volume_of(cx)?, wants(cx)?, cx.app.settings.limits());
    let again = limits.clone();
    let volume = cx
        .app
        .store
        .read(move |tx| {
            let volume = volume_get(tx, id)?;
            check(tx, &limits, &volume, wants)?;
            Ok::<_, ServiceError>(volume)
        })
        .await?;
    let memory = Memory { before: Wants { size: volume.size, offering: volume.offering } };
    let remembered = serde_json::to_value(memory).unwrap_or_default();
    let output = format!("{} instead of {}", wants.size, volume.size);
    Ok(Done::writing(output, move |tx| {
        let more = Bytes(wants.size.0 - volume.size.0);
        limit::claim(tx, &again, volume.account, &[(LimitKind::PrimaryStorage, more.0)])?;
        if let Some(pool) = volume.pool {
            pool_require_room(tx, pool, more)?;
        }
        volume_set_size(tx, &volume, wants.size, wants.offering).map(drop)
    })
    .remembering(remembered))
}

fn unclaim(cx: &StepContext) -> Result<Commit, ServiceError> {
    let id = volume_of(cx)?;
    let Ok(Memory { before }) = serde_json::from_value(cx.job.memory.clone()) else {
        return Ok(nothing());
    };
    Ok(Box::new(move |tx| {
        let volume = volume_get(tx, id)?;
        volume_set_size(tx, &volume, before.size, before.offering).map(drop)
    }))
}

/// Has the host make it larger, where it is written already.
async fn grow(cx: &StepContext) -> Result<Done, StepError> {
    let (id, wants) = (volume_of(cx)?, wants(cx)?);
    let scene = cx.read(move |tx| Scene::read(tx, id, None)).await?;
    let volume = &scene.volume;
    let text = format!("volume {} has {}", volume.name, wants.size);
    let event = step_event(cx, "VOLUME.RESIZE", "INFO", id, text.clone());
    let written = volume.state == VolumeState::Ready;
    if let (Some(pool), Some(host)) = (volume.pool, volume.host.filter(|_| written)) {
        let used_by = scene.running().map(|(vm, run)| running_vm(vm, run));
        let command = ResizeVolumeCommand { volume: id, pool, size: wants.size, used_by };
        cx.call(host, "resize", command, WAIT).await.map_err(ServiceError::from)?;
    }
    Ok(Done::writing(text, move |tx| event_add(tx, &event)))
}
