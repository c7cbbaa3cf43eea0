//! `volume.delete`: a data volume that no VM has leaves its pool and the record. One step; what is deleted stays
//! deleted.

use std::time::Duration;

use async_trait::async_trait;
use hostler_model::{AccountId, JobId, VolumeEvent, VolumeId, VolumeState};
use hostler_store::event::event_add;
use hostler_store::volume::{VolumeRow, volume_get, volume_transition, volumes_of_account};
use hostler_store::{StoreError, Tx};
use hostler_wire::DeleteVolumeCommand;
use serde_json::{Value, json};

use super::{Ask, must_live, refused, run, step_event, volume_of, volume_result};
use crate::context::Context;
use crate::error::ServiceError;
use crate::jobs::{Commit, Done, StepContext, StepError, Undone, Workflow, nothing};
use crate::orchestration::Caller;

const STEPS: &[&str] = &["delete"];
const WAIT: Duration = Duration::from_mins(5);

/// See the file's description.
#[derive(Debug)]
pub struct DeleteVolume;

/// Checks, records that it is being deleted, and has the job run. From then on it is in no list.
///
/// # Errors
/// [`ServiceError`] names the VM that has it, or what else is in the way.
pub async fn delete(
    app: &Context,
    caller: &Caller,
    id: VolumeId,
    api_command: &'static str,
) -> Result<JobId, ServiceError> {
    let (caller, context) = (caller.clone(), app.clone());
    let job = app
        .store
        .write(move |tx| {
            let volume = volume_get(tx, id)?;
            check(&volume)?;
            let ask = Ask {
                kind: "volume.delete",
                api_command,
                steps: STEPS,
                wants: json!(null),
                vm: None,
            };
            let text = format!("volume {} is to be deleted", volume.name);
            let job = ask.record(tx, &caller, &volume, ("VOLUME.DELETE", text), &context)?;
            expunging(tx, &volume, &context)?;
            Ok::<_, ServiceError>(job)
        })
        .await?;
    Ok(run(app, &job))
}

/// Deletes every data volume of an account that no VM has. Each has a job of its own, or had one before.
///
/// # Errors
/// [`ServiceError`]; those before it are being deleted then.
pub async fn delete_of_account(
    app: &Context,
    caller: &Caller,
    account: AccountId,
) -> Result<Vec<JobId>, ServiceError> {
    let all = app.store.read(move |tx| volumes_of_account(tx, account)).await?;
    let mut jobs = Vec::new();
    for volume in all.into_iter().filter(|volume| volume.vm.is_none()) {
        match volume.busy.filter(|_| volume.state == VolumeState::Expunging) {
            Some(job) => jobs.push(job),
            None => jobs.push(delete(app, caller, volume.id, "destroyVolume").await?),
        }
    }
    Ok(jobs)
}

fn check(volume: &VolumeRow) -> Result<(), ServiceError> {
    must_live(volume)?;
    if volume.is_root {
        return Err(refused(format!(
            "volume {} is a root volume; it goes when its VM is expunged",
            volume.name
        )));
    }
    if let Some(vm) = volume.vm {
        let text = format!("volume {} is attached to VM {vm}; detach it first", volume.name);
        return Err(refused(text));
    }
    Ok(())
}

fn expunging(tx: &Tx<'_>, volume: &VolumeRow, app: &Context) -> Result<(), StoreError> {
    let event = VolumeEvent::ExpungeRequested;
    volume_transition(tx, volume, event, volume.pool, None, app.now()).map(drop)
}

#[async_trait]
impl Workflow for DeleteVolume {
    fn kind(&self) -> &'static str {
        "volume.delete"
    }

    fn steps(&self) -> &'static [&'static str] {
        STEPS
    }

    async fn act(&self, cx: &StepContext, _step: &str) -> Result<Done, StepError> {
        remove(cx).await
    }

    async fn undo(&self, _cx: &StepContext, _step: &str) -> Result<Undone, ServiceError> {
        Ok(Undone { commit: nothing() })
    }

    fn result(&self, cx: &StepContext) -> Value {
        volume_result(cx)
    }

    /// It can be deleted again.
    async fn failed(&self, cx: &StepContext, why: &str) -> Result<Commit, ServiceError> {
        let (id, now) = (volume_of(cx)?, cx.app.now());
        let event = step_event(cx, "VOLUME.DELETE", "ERROR", id, why.to_owned());
        Ok(Box::new(move |tx| {
            let volume = volume_get(tx, id)?;
            let (kept, pool) = (VolumeEvent::ExpungeFailed, volume.pool);
            volume_transition(tx, &volume, kept, pool, None, now)?;
            event_add(tx, &event)
        }))
    }
}

async fn remove(cx: &StepContext) -> Result<Done, StepError> {
    let (id, now) = (volume_of(cx)?, cx.app.now());
    let volume = cx.read(move |tx| volume_get(tx, id)).await?;
    let mut text = format!("volume {} was never written", volume.name);
    if let (Some(pool), Some(host)) = (volume.pool, volume.host) {
        let command = DeleteVolumeCommand { volume: id, pool };
        cx.call(host, "delete", command, WAIT).await.map_err(ServiceError::from)?;
        text = format!("volume {} is deleted", volume.name);
    }
    let event = step_event(cx, "VOLUME.DELETE", "INFO", id, text.clone());
    Ok(Done::writing(text, move |tx| {
        let volume = volume_get(tx, id)?;
        volume_transition(tx, &volume, VolumeEvent::Expunged, volume.pool, None, now)?;
        event_add(tx, &event)
    }))
}
