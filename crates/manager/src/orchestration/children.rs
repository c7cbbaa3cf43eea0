//! Jobs that a job asks for, and waiting for them.

use std::collections::BTreeMap;

use hostler_model::{AccountType, JobId, JobState};
use hostler_store::account::account_get;

use super::Caller;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::{StepContext, StepError};

/// Who asks for what a job needs done: whoever asked for the job, past the check of owners.
///
/// # Errors
/// [`ServiceError`] if that account is gone.
pub(super) async fn asker(cx: &StepContext) -> Result<Caller, ServiceError> {
    let account = cx.job.account;
    let domain = cx.read(move |tx| Ok(account_get(tx, account)?.domain)).await?;
    let request = format!("job {}", cx.job.id);
    Ok(Caller { user: cx.job.user, account, domain, role: AccountType::RootAdmin, request })
}

/// Waits until every job has ended, visibly: `what` is what they do. Says which have failed, and why.
///
/// # Errors
/// [`ServiceError`] if the record cannot be read.
pub(super) async fn all_ended(
    cx: &StepContext,
    jobs: &[JobId],
    what: &str,
) -> Result<BTreeMap<JobId, String>, ServiceError> {
    let mut failed = BTreeMap::new();
    for (done, job) in jobs.iter().enumerate() {
        cx.wait_for(&format!("{what}: {done} of {} done", jobs.len())).await;
        let (state, error) = cx.app.jobs.ended(&cx.app, *job).await?;
        if state != JobState::Succeeded {
            let why = error.map_or_else(|| format!("job {job} is {state}"), |(_, text)| text);
            failed.insert(*job, why);
        }
    }
    if !jobs.is_empty() {
        cx.go_on().await;
    }
    Ok(failed)
}

/// Fails a step with the first of what has failed, if anything has.
///
/// # Errors
/// [`StepError::Fail`].
pub(super) fn refuse_failed(failed: &BTreeMap<JobId, String>, what: &str) -> Result<(), StepError> {
    match failed.first_key_value() {
        None => Ok(()),
        Some((job, why)) => Err(StepError::fail(
            ServiceErrorKind::InUse,
            format!("{what}: {} could not be done, of these job {job}: {why}", failed.len()),
        )),
    }
}
