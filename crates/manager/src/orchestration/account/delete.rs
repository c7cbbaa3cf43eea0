//! `account.delete`: an account is disabled, all that it has is expunged, and then it is removed.
//!
//! What is gone does not come back: when something cannot be expunged the account stays, disabled, and
//! deleting it can be asked again.

use async_trait::async_trait;
use hostler_model::{AccountId, JobId, TemplateState, VmId, VmState};
use hostler_store::account::{account_remove, account_set_state};
use hostler_store::event::event_add;
use hostler_store::holdings::{
    networks_of_account, open_job_on, rows_of_account_remove, templates_of_account, vms_of_account,
};
use hostler_store::job::job_add;
use hostler_store::network::network_remove;
use hostler_store::project::projects_owned;
use hostler_store::session::sessions_of_account_remove;
use hostler_store::template::template_get;
use hostler_store::user::users_remove;
use serde_json::{Value, json};

use super::{account, account_of, step_event};
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::{Commit, Done, StepContext, StepError, Undone, Workflow, nothing};
use crate::orchestration::children::{all_ended, asker, refuse_failed};
use crate::orchestration::{Caller, snapshot, template, vm, volume};

const STEPS: &[&str] = &["vms", "volumes", "templates", "networks", "remove"];

/// Disables the account, records the job that deletes it, and has it run.
///
/// # Errors
/// [`ServiceError`] if there is none, or VMs of others are made from its templates.
pub async fn delete(
    app: &Context,
    caller: &Caller,
    id: AccountId,
    api_command: &str,
) -> Result<JobId, ServiceError> {
    let row = account(app, id).await?;
    let subject = ("Account", id.uuid());
    let job = caller.job("account.delete", api_command, subject, json!({}), STEPS);
    let (job_id, now) = (job.id, app.now());
    let text = format!("account {} is to be deleted with all that it has", row.name);
    let event = caller.event(now, "ACCOUNT.DELETE", text, subject, Some(job_id));
    app.store
        .write(move |tx| {
            for (_, name, uses) in templates_of_account(tx, id)? {
                refuse_if_used(&name, uses)?;
            }
            refuse_owner(&projects_owned(tx, id)?)?;
            account_set_state(tx, id, "disabled", true)?;
            sessions_of_account_remove(tx, id)?;
            job_add(tx, &job, now)?;
            event_add(tx, &event)?;
            Ok::<_, ServiceError>(())
        })
        .await?;
    app.jobs.run(app, id.uuid(), job_id);
    Ok(job_id)
}

fn refuse_if_used(template: &str, uses: i64) -> Result<(), ServiceError> {
    if uses == 0 {
        return Ok(());
    }
    Err(ServiceError::new(
        ServiceErrorKind::InUse,
        format!(
            "{uses} VMs of other accounts are made from its template {template}; expunge them first"
        ),
    ))
}

fn refuse_owner(projects: &[String]) -> Result<(), ServiceError> {
    if projects.is_empty() {
        return Ok(());
    }
    Err(ServiceError::new(
        ServiceErrorKind::InUse,
        format!(
            "it owns project {}; delete it or give it another owner (updateProject) first",
            projects.join(", ")
        ),
    ))
}

/// See the file's description.
#[derive(Debug)]
pub struct DeleteAccount;

#[async_trait]
impl Workflow for DeleteAccount {
    fn kind(&self) -> &'static str {
        "account.delete"
    }

    fn steps(&self) -> &'static [&'static str] {
        STEPS
    }

    async fn act(&self, cx: &StepContext, step: &str) -> Result<Done, StepError> {
        match step {
            "vms" => expunge_vms(cx).await,
            "volumes" => delete_volumes(cx).await,
            "templates" => delete_templates(cx).await,
            "networks" => remove_networks(cx).await,
            _ => Ok(remove(cx)),
        }
    }

    async fn undo(&self, _cx: &StepContext, _step: &str) -> Result<Undone, ServiceError> {
        // what was expunged is gone; the account stays disabled and can be deleted again
        Ok(Undone { commit: nothing() })
    }

    fn result(&self, _cx: &StepContext) -> Value {
        json!({ "success": true })
    }

    async fn failed(&self, cx: &StepContext, why: &str) -> Result<Commit, ServiceError> {
        let event = step_event(cx, "ACCOUNT.DELETE", "ERROR", why.to_owned());
        Ok(Box::new(move |tx| event_add(tx, &event)))
    }
}

async fn expunge_vms(cx: &StepContext) -> Result<Done, StepError> {
    let (id, caller) = (account_of(cx), asker(cx).await?);
    let vms = cx.read(move |tx| vms_of_account(tx, id)).await?;
    let mut jobs = Vec::new();
    for (vm, state) in &vms {
        jobs.push(expunging(cx, &caller, *vm, *state).await?);
    }
    let failed = all_ended(cx, &jobs, "expunging VMs").await?;
    if !cx.read(move |tx| vms_of_account(tx, id)).await?.is_empty() {
        refuse_failed(&failed, "expunging VMs")?;
    }
    Ok(Done::writing(format!("{} VMs expunged", vms.len()), |_| Ok(())))
}

/// The job that expunges a VM: the one that does so already, or a new one.
async fn expunging(
    cx: &StepContext,
    caller: &Caller,
    vm: VmId,
    state: VmState,
) -> Result<JobId, StepError> {
    if state == VmState::Expunging
        && let Some((job, _)) = cx.read(move |tx| open_job_on(tx, vm.uuid())).await?
    {
        return Ok(job);
    }
    Ok(vm::destroy(&cx.app, caller, vm, true, Vec::new()).await?)
}

/// Snapshots, and data volumes, which the VMs have left behind.
async fn delete_volumes(cx: &StepContext) -> Result<Done, StepError> {
    let (id, caller) = (account_of(cx), asker(cx).await?);
    let copies = snapshot::delete_of_account(&cx.app, &caller, id).await?;
    let failed = all_ended(cx, &copies, "deleting snapshots").await?;
    refuse_failed(&failed, "deleting snapshots")?;
    let jobs = volume::delete_of_account(&cx.app, &caller, id).await?;
    let failed = all_ended(cx, &jobs, "deleting volumes").await?;
    refuse_failed(&failed, "deleting volumes")?;
    let output = format!("{} volumes and {} snapshots deleted", jobs.len(), copies.len());
    Ok(Done::writing(output, |_| Ok(())))
}

async fn delete_templates(cx: &StepContext) -> Result<Done, StepError> {
    let (id, caller) = (account_of(cx), asker(cx).await?);
    let templates = cx.read(move |tx| templates_of_account(tx, id)).await?;
    let mut jobs = Vec::new();
    for (template, ..) in &templates {
        let template = *template;
        let (state, open) = cx
            .read(move |tx| {
                Ok((template_get(tx, template)?.state, open_job_on(tx, template.uuid())?))
            })
            .await?;
        match open {
            Some((job, _)) if state == TemplateState::Deleting => jobs.push(job),
            _ => jobs.push(template::delete(&cx.app, &caller, template).await?),
        }
    }
    let failed = all_ended(cx, &jobs, "deleting templates").await?;
    refuse_failed(&failed, "deleting templates")?;
    Ok(Done::writing(format!("{} templates deleted", templates.len()), |_| Ok(())))
}

async fn remove_networks(cx: &StepContext) -> Result<Done, StepError> {
    let (id, now) = (account_of(cx), cx.app.now());
    let count = cx
        .write(move |tx| {
            let networks = networks_of_account(tx, id)?;
            networks.iter().try_for_each(|network| network_remove(tx, *network, now))?;
            Ok(networks.len())
        })
        .await?;
    Ok(Done::writing(format!("{count} networks removed"), |_| Ok(())))
}

fn remove(cx: &StepContext) -> Done {
    let (id, now) = (account_of(cx), cx.app.now());
    let told = step_event(cx, "ACCOUNT.DELETE", "INFO", format!("account {id} is deleted"));
    Done::writing("users, keys and the account itself removed", move |tx| {
        sessions_of_account_remove(tx, id)?;
        rows_of_account_remove(tx, id)?;
        users_remove(tx, id, now)?;
        account_remove(tx, id, now)?;
        event_add(tx, &told)
    })
}
