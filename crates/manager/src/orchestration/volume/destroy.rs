//! Throwing data volumes away, and taking them back: the record alone changes, so a job is over at once.
//!
//! A volume that was thrown away counts against no limit. Its host keeps the file, and its pool the room for it, until the
//! volume is deleted (`delete`): when somebody asks for that, or when the cleanup delay is over (`clean_up`).

use hostler_model::{JobId, LimitKind, VolumeEvent, VolumeId, VolumeState};
use hostler_store::event::event_add;
use hostler_store::job::job_add_done;
use hostler_store::limit;
use hostler_store::volume::{volume_get, volume_take};
use hostler_store::volume_destroyed::{volume_destroy, volume_recover};
use serde_json::json;

use super::{must_be_free, refused};
use crate::context::Context;
use crate::error::ServiceError;
use crate::orchestration::Caller;

/// Throws a data volume away that no VM has. Its job is over at once.
///
/// # Errors
/// [`ServiceError`] names the VM that has it, the job that works on it, or what else is in the way.
pub async fn destroy(app: &Context, caller: &Caller, id: VolumeId) -> Result<JobId, ServiceError> {
    let (now, caller, subject) = (app.now(), caller.clone(), ("Volume", id.uuid()));
    let job = caller.job("volume-destroy", "destroyVolume", subject, json!({ "volume": id }), &[]);
    app.store
        .write(move |tx| {
            let volume = volume_get(tx, id)?;
            must_be_free(&volume)?;
            if volume.state == VolumeState::Destroy {
                return Err(refused(format!(
                    "volume {} was destroyed already; recoverVolume takes it back, expunge=true deletes it at once",
                    volume.name
                )));
            }
            volume_take(tx, &volume, job.id)?;
            volume_destroy(tx, &volume, VolumeEvent::DestroyRequested, caller.user, now)?;
            let text = format!("volume {} is destroyed, and can be recovered for a while", volume.name);
            job_add_done(tx, &job, &json!({ "volume": id }), now)?;
            let mut event = caller.event(now, "VOLUME.DESTROY", text, subject, Some(job.id));
            event.state = "Completed";
            event_add(tx, &event)?;
            Ok(job.id)
        })
        .await
}

/// Takes a data volume back that was thrown away and is not deleted; it counts against its owner's limits again.
///
/// # Errors
/// [`ServiceError`] if it was not thrown away, or its owner may not have so much more.
pub async fn recover(app: &Context, caller: &Caller, id: VolumeId) -> Result<(), ServiceError> {
    let (now, caller, limits) = (app.now(), caller.clone(), app.settings.limits());
    app.store
        .write(move |tx| {
            let volume = volume_get(tx, id)?;
            if volume.state != VolumeState::Destroy {
                return Err(refused(format!(
                    "volume {} is {}; only a volume in Destroy can be recovered",
                    volume.name, volume.state
                )));
            }
            let counted = [LimitKind::Volume, LimitKind::PrimaryStorage];
            limit::claim_growth(tx, &limits, volume.account, &counted, || {
                volume_recover(tx, &volume, now)
            })?;
            let text = format!("volume {} was recovered", volume.name);
            let mut event = caller.event(now, "VOLUME.RECOVER", text, ("Volume", id.uuid()), None);
            event.state = "Completed";
            Ok(event_add(tx, &event)?)
        })
        .await
}
