//! `volume.unstage`: an image worker deletes a file that it kept for a volume. One step; what is deleted stays deleted.
//!
//! A copy goes when its link has ended, what was fetched when its volume is written or gone. The record says which those
//! are (`staged_surplus`); nobody needs to have heard of it.

use async_trait::async_trait;
use hostler_model::{AccountType, TemplateId, Timestamp};
use hostler_store::job::{NewJob, job_add};
use hostler_store::staged_file::{
    Surplus, staged_remove, staged_surplus, staged_take, staged_worker,
};
use hostler_store::{StoreError, Tx};
use hostler_wire::DeleteTemplateCommand;
use serde_json::{Value, json};

use super::{WAIT, run};
use crate::context::Context;
use crate::error::ServiceError;
use crate::jobs::{Done, StepContext, StepError, Undone, Workflow, nothing};
use crate::orchestration::Caller;

const STEPS: &[&str] = &["delete"];

/// See the file's description.
#[derive(Debug)]
pub struct UnstageFile;

/// Has every file removed that is not needed any more, each by a job of its own.
///
/// # Errors
/// [`ServiceError`] if the record cannot be read or written.
pub async fn unstage_surplus(app: &Context) -> Result<(), ServiceError> {
    let now = app.now();
    for job in app.store.write(move |tx| record_surplus(tx, now)).await? {
        run(app, &job);
    }
    Ok(())
}

/// Records a job for every file that is not needed any more; they are to be run when that is committed.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub(super) fn record_surplus(tx: &Tx<'_>, now: Timestamp) -> Result<Vec<NewJob>, StoreError> {
    let mut jobs = Vec::new();
    for Surplus { id, was_given, account, domain, user } in staged_surplus(tx, now)? {
        let (role, request) = (AccountType::User, "timer staged files".to_owned());
        let caller = Caller { user, account, domain, role, request };
        let subject = ("StagedFile", id.uuid());
        let api_command = if was_given { "extractVolume" } else { "uploadVolume" };
        let job = caller.job("volume.unstage", api_command, subject, json!({}), STEPS);
        job_add(tx, &job, now)?;
        staged_take(tx, id, job.id)?;
        jobs.push(job);
    }
    Ok(jobs)
}

#[async_trait]
impl Workflow for UnstageFile {
    fn kind(&self) -> &'static str {
        "volume.unstage"
    }

    fn steps(&self) -> &'static [&'static str] {
        STEPS
    }

    async fn act(&self, cx: &StepContext, _step: &str) -> Result<Done, StepError> {
        let file = TemplateId::new(cx.job.subject);
        // what a worker that was taken out of the cloud has, stays on it
        if let Some(worker) = cx.read(move |tx| staged_worker(tx, file)).await? {
            let command = DeleteTemplateCommand { template: file };
            cx.call(worker, "delete", command, WAIT).await.map_err(ServiceError::from)?;
        }
        Ok(Done::writing("an image worker has deleted it", move |tx| staged_remove(tx, file)))
    }

    async fn undo(&self, _cx: &StepContext, _step: &str) -> Result<Undone, ServiceError> {
        Ok(Undone { commit: nothing() })
    }

    fn result(&self, _cx: &StepContext) -> Value {
        json!({ "success": true })
    }
}
