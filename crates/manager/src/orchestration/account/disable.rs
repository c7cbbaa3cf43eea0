//! `account.disable`: an account's sessions end and its keys are refused at once; then its VMs are stopped.

use async_trait::async_trait;
use hostler_model::{AccountId, JobId, VmState};
use hostler_store::account::account_set_state;
use hostler_store::event::event_add;
use hostler_store::holdings::vms_of_account;
use hostler_store::job::job_add;
use hostler_store::session::sessions_of_account_remove;
use serde_json::{Value, json};

use super::{account, account_of};
use crate::context::Context;
use crate::error::ServiceError;
use crate::jobs::{Done, StepContext, StepError, Undone, Workflow, nothing};
use crate::orchestration::children::{all_ended, asker, refuse_failed};
use crate::orchestration::{Caller, vm};

const STEPS: &[&str] = &["vms"];

/// Disables an account, records the job that stops its VMs, and has it run.
///
/// # Errors
/// [`ServiceError`] if there is none.
pub async fn disable(app: &Context, caller: &Caller, id: AccountId) -> Result<JobId, ServiceError> {
    let row = account(app, id).await?;
    let subject = ("Account", id.uuid());
    let job = caller.job("account.disable", "disableAccount", subject, json!({}), STEPS);
    let (job_id, now) = (job.id, app.now());
    let text = format!("account {} is disabled; its VMs are to be stopped", row.name);
    let event = caller.event(now, "ACCOUNT.DISABLE", text, subject, Some(job_id));
    app.store
        .write(move |tx| {
            account_set_state(tx, id, "disabled", row.deleting)?;
            sessions_of_account_remove(tx, id)?;
            job_add(tx, &job, now)?;
            event_add(tx, &event)
        })
        .await?;
    app.jobs.run(app, id.uuid(), job_id);
    Ok(job_id)
}

/// See the file's description.
#[derive(Debug)]
pub struct DisableAccount;

#[async_trait]
impl Workflow for DisableAccount {
    fn kind(&self) -> &'static str {
        "account.disable"
    }

    fn steps(&self) -> &'static [&'static str] {
        STEPS
    }

    async fn act(&self, cx: &StepContext, _step: &str) -> Result<Done, StepError> {
        stop_vms(cx).await
    }

    async fn undo(&self, _cx: &StepContext, _step: &str) -> Result<Undone, ServiceError> {
        // the account stays disabled: asking again stops what still runs
        Ok(Undone { commit: nothing() })
    }

    fn result(&self, cx: &StepContext) -> Value {
        json!({ "account": cx.job.subject })
    }
}

async fn stop_vms(cx: &StepContext) -> Result<Done, StepError> {
    let (id, caller) = (account_of(cx), asker(cx).await?);
    let vms = cx.read(move |tx| vms_of_account(tx, id)).await?;
    let mut jobs = Vec::new();
    for (vm, state) in vms {
        if matches!(state, VmState::Running | VmState::Starting) {
            jobs.push(vm::stop(&cx.app, &caller, vm, false).await?);
        }
    }
    let failed = all_ended(cx, &jobs, "stopping VMs").await?;
    refuse_failed(&failed, "stopping VMs")?;
    Ok(Done::writing(format!("{} VMs stopped", jobs.len()), |_| Ok(())))
}
