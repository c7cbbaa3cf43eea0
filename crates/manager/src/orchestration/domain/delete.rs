//! `domain.delete`: the accounts of a domain and of those below it are deleted, and then the domains.
//!
//! Without `cleanup` only an empty domain is deleted.

use async_trait::async_trait;
use hostler_model::{AccountId, DomainId, JobId};
use hostler_store::account::{AccountFilter, account_list};
use hostler_store::domain::{domain_get, domain_is_empty, domain_remove, domain_tree};
use hostler_store::event::{NewEvent, event_add};
use hostler_store::holdings::open_job_on;
use hostler_store::job::job_add;
use hostler_store::project::{ProjectFilter, project_list};
use hostler_store::{Page, Scope};
use serde_json::{Value, json};

use crate::context::Context;
use crate::error::ServiceError;
use crate::jobs::{Commit, Done, StepContext, StepError, Undone, Workflow, nothing};
use crate::orchestration::children::{all_ended, asker, refuse_failed};
use crate::orchestration::{Caller, account};

const STEPS: &[&str] = &["accounts", "remove"];

/// Checks, records the job, and has it run.
///
/// # Errors
/// [`ServiceError`] if there is none, or something is in it and `cleanup` is not asked for.
pub async fn delete(
    app: &Context,
    caller: &Caller,
    id: DomainId,
    cleanup: bool,
) -> Result<JobId, ServiceError> {
    let subject = ("Domain", id.uuid());
    let input = json!({ "cleanup": cleanup });
    let job = caller.job("domain.delete", "deleteDomain", subject, input, STEPS);
    let (job_id, now, caller) = (job.id, app.now(), caller.clone());
    app.store
        .write(move |tx| {
            let row = domain_get(tx, id)?;
            if !cleanup {
                domain_is_empty(tx, id)?;
            }
            let text = format!("domain {} is to be deleted", row.path);
            job_add(tx, &job, now)?;
            event_add(tx, &caller.event(now, "DOMAIN.DELETE", text, subject, Some(job_id)))
        })
        .await?;
    app.jobs.run(app, id.uuid(), job_id);
    Ok(job_id)
}

/// See the file's description.
#[derive(Debug)]
pub struct DeleteDomain;

#[async_trait]
impl Workflow for DeleteDomain {
    fn kind(&self) -> &'static str {
        "domain.delete"
    }

    fn steps(&self) -> &'static [&'static str] {
        STEPS
    }

    async fn act(&self, cx: &StepContext, step: &str) -> Result<Done, StepError> {
        match step {
            "accounts" => delete_accounts(cx).await,
            _ => Ok(remove(cx)),
        }
    }

    async fn undo(&self, _cx: &StepContext, _step: &str) -> Result<Undone, ServiceError> {
        // what was deleted is gone; the domain stays and can be deleted again
        Ok(Undone { commit: nothing() })
    }

    fn result(&self, _cx: &StepContext) -> Value {
        json!({ "success": true })
    }

    async fn failed(&self, cx: &StepContext, why: &str) -> Result<Commit, ServiceError> {
        let event = told(cx, "ERROR", why.to_owned());
        Ok(Box::new(move |tx| event_add(tx, &event)))
    }
}

fn told(cx: &StepContext, level: &'static str, description: String) -> NewEvent {
    NewEvent {
        at: cx.app.now(),
        kind: "DOMAIN.DELETE",
        level,
        state: "Completed",
        description,
        cause: format!("job {}", cx.job.id),
        account: Some(cx.job.account),
        user: Some(cx.job.user),
        subject: Some(("Domain", cx.job.subject)),
        job: Some(cx.job.id),
    }
}

async fn delete_accounts(cx: &StepContext) -> Result<Done, StepError> {
    if cx.job.input.get("cleanup") != Some(&Value::Bool(true)) {
        return Ok(Done::writing("the domain is to be empty", |_| Ok(())));
    }
    let (id, caller) = (DomainId::new(cx.job.subject), asker(cx).await?);
    let (projects, accounts): (Vec<_>, Vec<_>) = cx
        .read(move |tx| {
            let (scope, page) = (Scope::Tree(domain_get(tx, id)?.path), Page::default());
            let projects = project_list(tx, &ProjectFilter::default(), &scope, page)?.rows;
            let accounts = account_list(tx, &AccountFilter::default(), &scope, page)?.rows;
            let projects = projects.iter().map(|row| row.account).collect();
            Ok((projects, accounts.iter().map(|row| row.id).collect()))
        })
        .await?;
    // projects first: an account that owns one cannot be deleted
    for (ids, what) in [(&projects, "deleting projects"), (&accounts, "deleting accounts")] {
        let mut jobs = Vec::new();
        for id in ids {
            jobs.push(deleting(cx, &caller, *id).await?);
        }
        let failed = all_ended(cx, &jobs, what).await?;
        refuse_failed(&failed, what)?;
    }
    let text = format!("{} projects and {} accounts deleted", projects.len(), accounts.len());
    Ok(Done::writing(text, |_| Ok(())))
}

/// The job that deletes an account: the one that does so already, or a new one.
async fn deleting(cx: &StepContext, caller: &Caller, id: AccountId) -> Result<JobId, StepError> {
    let open = cx.read(move |tx| open_job_on(tx, id.uuid())).await?;
    if let Some((job, kind)) = open
        && kind == "account.delete"
    {
        return Ok(job);
    }
    Ok(account::delete(&cx.app, caller, id, "deleteDomain").await?)
}

fn remove(cx: &StepContext) -> Done {
    let (id, now) = (DomainId::new(cx.job.subject), cx.app.now());
    let event = told(cx, "INFO", format!("domain {id} is deleted"));
    Done::writing("the domain and those below it removed", move |tx| {
        for domain in domain_tree(tx, &domain_get(tx, id)?.path)? {
            domain_remove(tx, domain.id, now)?;
        }
        event_add(tx, &event)
    })
}
