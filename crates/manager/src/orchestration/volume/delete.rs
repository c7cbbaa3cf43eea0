//! `volume.delete`: a data volume that no VM has leaves its pool and the record, wanted or thrown away before (`destroy`).
//! One step; what is deleted stays deleted.

use std::time::Duration;

use async_trait::async_trait;
use hostler_model::{AccountId, JobId, Timestamp, VolumeEvent, VolumeId, VolumeState};
use hostler_store::Tx;
use hostler_store::event::event_add;
use hostler_store::job::NewJob;
use hostler_store::volume::{volume_get, volume_transition, volumes_of_account};
use hostler_store::volume_destroyed::{DueVolume, volume_destroy, volumes_due};
use hostler_wire::DeleteVolumeCommand;
use serde_json::{Value, json};
use tracing::warn;

use super::{Ask, must_be_free, run, step_event, volume_of, volume_result};
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
    let job = app.store.write(move |tx| record(tx, &context, &caller, id, api_command)).await?;
    Ok(run(app, &job))
}

/// Records that a volume is being deleted, and the job, which is to be run when that is committed.
fn record(
    tx: &Tx<'_>,
    app: &Context,
    caller: &Caller,
    id: VolumeId,
    api_command: &'static str,
) -> Result<NewJob, ServiceError> {
    let volume = volume_get(tx, id)?;
    must_be_free(&volume)?;
    let wants = json!(null);
    let ask = Ask { kind: "volume.delete", api_command, steps: STEPS, wants, vm: None };
    let text = format!("volume {} is to be deleted", volume.name);
    let job = ask.record(tx, caller, &volume, ("VOLUME.DELETE", text), app)?;
    let event = VolumeEvent::ExpungeRequested;
    volume_transition(tx, &volume, event, volume.pool, None, app.now())?;
    Ok(job)
}

/// Deletes the volumes that were thrown away at `before` or earlier, each by a job of its own.
///
/// # Errors
/// [`ServiceError`] if the record cannot be read. A volume that cannot be deleted now stays for the next time.
pub async fn clean_up(app: &Context, before: Timestamp) -> Result<(), ServiceError> {
    for due in app.store.read(move |tx| volumes_due(tx, before, None)).await? {
        let (volume, context) = (due.id, app.clone());
        let recorded = app.store.write(move |tx| record_due(tx, &context, &due, before)).await;
        match recorded {
            Ok(Some(job)) => drop(run(app, &job)),
            Ok(None) => {} // somebody took it back or deleted it meanwhile
            Err(error) => warn!(%volume, %error, "a destroyed volume cannot be deleted now"),
        }
    }
    Ok(())
}

fn record_due(
    tx: &Tx<'_>,
    app: &Context,
    due: &DueVolume,
    before: Timestamp,
) -> Result<Option<NewJob>, ServiceError> {
    if volumes_due(tx, before, Some(due.id))?.is_empty() {
        return Ok(None);
    }
    let cause = "timer storage.cleanup.delay".to_owned();
    let caller = Caller::on_behalf_of(tx, due.user, due.account, cause)?;
    record(tx, app, &caller, due.id, "destroyVolume").map(Some)
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

    /// It is not wanted, and still there: it can be deleted again, or recovered.
    async fn failed(&self, cx: &StepContext, why: &str) -> Result<Commit, ServiceError> {
        let (id, now) = (volume_of(cx)?, cx.app.now());
        let (by, event) =
            (cx.job.user, step_event(cx, "VOLUME.DELETE", "ERROR", id, why.to_owned()));
        Ok(Box::new(move |tx| {
            volume_destroy(tx, &volume_get(tx, id)?, VolumeEvent::ExpungeFailed, by, now)?;
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
