//! `snapshot.delete`: a snapshot leaves its pool and the record. One step; what is deleted stays deleted.

use async_trait::async_trait;
use hostler_model::{AccountId, JobId, SnapshotEvent, SnapshotId, SnapshotState};
use hostler_store::event::event_add;
use hostler_store::holdings::open_job_on;
use hostler_store::job::job_add;
use hostler_store::snapshot::{
    SnapshotNews, snapshot_get, snapshot_transition, snapshots_of_account,
};
use hostler_wire::DeleteSnapshotCommand;
use serde_json::{Value, json};

use super::{COPYING, step_event};
use crate::context::Context;
use crate::error::ServiceError;
use crate::jobs::{Commit, Done, StepContext, StepError, Undone, Workflow, nothing};
use crate::orchestration::Caller;
use crate::orchestration::volume::{refused, run};

const STEPS: &[&str] = &["delete"];

/// See the file's description.
#[derive(Debug)]
pub struct DeleteSnapshot;

/// Checks, records that it is being deleted, and has the job run.
///
/// # Errors
/// [`ServiceError`] if it is being made or deleted just now.
pub async fn delete(app: &Context, caller: &Caller, id: SnapshotId) -> Result<JobId, ServiceError> {
    let (caller, now) = (caller.clone(), app.now());
    let job = app
        .store
        .write(move |tx| {
            let row = snapshot_get(tx, id)?;
            if !matches!(row.state, SnapshotState::BackedUp | SnapshotState::Error) {
                let text = format!("snapshot {} is {}; wait for its job", row.name, row.state);
                return Err(refused(text));
            }
            let (event, news) = (SnapshotEvent::DeleteRequested, SnapshotNews::default());
            snapshot_transition(tx, &row, event, &news, now)?;
            let subject = ("Snapshot", id.uuid());
            let job = caller.job("snapshot.delete", "deleteSnapshot", subject, json!({}), STEPS);
            job_add(tx, &job, now)?;
            let text = format!("snapshot {} is to be deleted", row.name);
            event_add(tx, &caller.event(now, "SNAPSHOT.DELETE", text, subject, Some(job.id)))?;
            Ok::<_, ServiceError>(job)
        })
        .await?;
    Ok(run(app, &job))
}

/// Deletes every snapshot of an account. Each has a job of its own, or had one before.
///
/// # Errors
/// [`ServiceError`]; those before it are being deleted then.
pub async fn delete_of_account(
    app: &Context,
    caller: &Caller,
    account: AccountId,
) -> Result<Vec<JobId>, ServiceError> {
    let all = app.store.read(move |tx| snapshots_of_account(tx, account)).await?;
    let mut jobs = Vec::new();
    for row in all {
        let open = app.store.read(move |tx| open_job_on(tx, row.id.uuid())).await?;
        match open.filter(|_| row.state == SnapshotState::Destroying) {
            Some((job, _)) => jobs.push(job),
            None => jobs.push(delete(app, caller, row.id).await?),
        }
    }
    Ok(jobs)
}

#[async_trait]
impl Workflow for DeleteSnapshot {
    fn kind(&self) -> &'static str {
        "snapshot.delete"
    }

    fn steps(&self) -> &'static [&'static str] {
        STEPS
    }

    async fn act(&self, cx: &StepContext, _step: &str) -> Result<Done, StepError> {
        let (id, now) = (SnapshotId::new(cx.job.subject), cx.app.now());
        let row = cx.read(move |tx| snapshot_get(tx, id)).await?;
        // what a host that was taken out of the cloud has, stays on it
        if let (Some(pool), Some(host)) = (row.pool, row.host) {
            let command = DeleteSnapshotCommand { snapshot: id, pool };
            cx.call(host, "delete", command, COPYING).await.map_err(ServiceError::from)?;
        }
        let text = format!("snapshot {} is deleted", row.name);
        let event = step_event(cx, "SNAPSHOT.DELETE", "INFO", id, text.clone());
        Ok(Done::writing(text, move |tx| {
            let row = snapshot_get(tx, id)?;
            let news = SnapshotNews::default();
            snapshot_transition(tx, &row, SnapshotEvent::Deleted, &news, now)?;
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
        let (id, now) = (SnapshotId::new(cx.job.subject), cx.app.now());
        let event = step_event(cx, "SNAPSHOT.DELETE", "ERROR", id, why.to_owned());
        Ok(Box::new(move |tx| {
            let row = snapshot_get(tx, id)?;
            let news = SnapshotNews::default();
            snapshot_transition(tx, &row, SnapshotEvent::DeleteFailed, &news, now)?;
            event_add(tx, &event)
        }))
    }
}
