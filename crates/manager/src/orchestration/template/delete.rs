//! `template.delete`: a template that no VM is made from leaves the pools and the image worker.

use std::time::Duration;

use async_trait::async_trait;
use hostler_model::{JobId, TemplateEvent, TemplateId, TemplateState};
use hostler_store::event::event_add;
use hostler_store::job::job_add;
use hostler_store::template::{
    TemplateRow, copies_of, copies_remove, iso_uses, template_get, template_transition,
    template_uses,
};
use hostler_store::{StoreError, Tx};
use hostler_wire::{DeleteTemplateCommand, RemoveTemplateCommand};
use serde_json::{Value, json};

use super::template_of;
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::{Done, StepContext, StepError, Undone, Workflow, nothing};
use crate::orchestration::Caller;

const STEPS: &[&str] = &["begin", "copies", "delete"];
const WAIT: Duration = Duration::from_mins(5);

/// Checks, records the job, and has it run. Whether the caller may delete it is checked before.
///
/// # Errors
/// [`ServiceError`] if there is none, or VMs are made from it.
pub async fn delete(app: &Context, caller: &Caller, id: TemplateId) -> Result<JobId, ServiceError> {
    let (template, uses) = app
        .store
        .read(move |tx| Ok::<_, ServiceError>((template_get(tx, id)?, uses_of(tx, id)?)))
        .await?;
    if !caller.may_act_for(app, template.account).await? {
        return Err(ServiceError::parameter(format!("there is no template {id}")));
    }
    refuse_if_used(&template.name, uses)?;
    refuse_if_being_made(&template)?;
    let subject = ("Template", id.uuid());
    let (command, kind) = match template.format.as_str() {
        "ISO" => ("deleteIso", "ISO.DELETE"),
        _ => ("deleteTemplate", "TEMPLATE.DELETE"),
    };
    let job = caller.job("template.delete", command, subject, json!({}), STEPS);
    let (job_id, now) = (job.id, app.now());
    let text = format!("template {} is to be deleted", template.name);
    let event = caller.event(now, kind, text, subject, Some(job_id));
    app.store
        .write(move |tx| {
            job_add(tx, &job, now)?;
            event_add(tx, &event)
        })
        .await?;
    app.jobs.run(app, id.uuid(), job_id);
    Ok(job_id)
}

/// VMs that are made from it, and VMs that have it in their drive.
fn uses_of(tx: &Tx<'_>, id: TemplateId) -> Result<(u64, u64), StoreError> {
    Ok((template_uses(tx, id)?, iso_uses(tx, id)?))
}

fn refuse_if_used(name: &str, (uses, drives): (u64, u64)) -> Result<(), ServiceError> {
    if uses == 0 && drives > 0 {
        return Err(ServiceError::new(
            ServiceErrorKind::InUse,
            format!("{drives} VMs have {name} in their drive; detach it first (detachIso)"),
        ));
    }
    if uses > 0 {
        return Err(ServiceError::new(
            ServiceErrorKind::InUse,
            format!("{uses} VMs are made from template {name}; expunge them first"),
        ));
    }
    Ok(())
}

/// One that is fetched is deleted after that, in its lane; making one is in the lane of something else.
fn refuse_if_being_made(template: &TemplateRow) -> Result<(), ServiceError> {
    let is_open = matches!(template.state, TemplateState::Registered | TemplateState::Downloading);
    if template.url.is_empty() && is_open {
        let text = format!("template {} is being made; wait for its job", template.name);
        return Err(ServiceError::new(ServiceErrorKind::InUse, text));
    }
    Ok(())
}

/// See the file's description.
#[derive(Debug)]
pub struct DeleteTemplate;

#[async_trait]
impl Workflow for DeleteTemplate {
    fn kind(&self) -> &'static str {
        "template.delete"
    }

    fn steps(&self) -> &'static [&'static str] {
        STEPS
    }

    async fn act(&self, cx: &StepContext, step: &str) -> Result<Done, StepError> {
        match step {
            "begin" => begin(cx).await,
            "copies" => copies(cx).await,
            _ => remove(cx).await,
        }
    }

    async fn undo(&self, _cx: &StepContext, _step: &str) -> Result<Undone, ServiceError> {
        // what is deleted stays deleted; the template is Deleting and can be deleted again
        Ok(Undone { commit: nothing() })
    }

    fn result(&self, _cx: &StepContext) -> Value {
        json!({ "success": true })
    }
}

async fn begin(cx: &StepContext) -> Result<Done, StepError> {
    let (id, now) = (template_of(cx), cx.app.now());
    let (template, uses) = cx.read(move |tx| Ok((template_get(tx, id)?, uses_of(tx, id)?))).await?;
    refuse_if_used(&template.name, uses)?;
    Ok(Done::writing("no VM is made from it", move |tx| {
        if template.state == TemplateState::Deleting {
            return Ok(());
        }
        if uses_of(tx, id)? != (0, 0) {
            let text =
                format!("a VM has begun to use {}; expunge or detach it first", template.name);
            return Err(StoreError::Taken(text));
        }
        template_transition(tx, &template, TemplateEvent::DeleteRequested, None, None, None, now)
    }))
}

async fn copies(cx: &StepContext) -> Result<Done, StepError> {
    let id = template_of(cx);
    let copies = cx.read(move |tx| copies_of(tx, id)).await?;
    let mut removed = Vec::new();
    for (pool, host) in copies {
        if let Some(host) = host {
            let command = RemoveTemplateCommand { template: id, pool };
            let label = format!("copy on {pool}");
            cx.call(host, &label, command, WAIT).await.map_err(ServiceError::from)?;
        }
        removed.push(pool);
    }
    Ok(Done::writing(format!("{} copies removed", removed.len()), move |tx| {
        removed.iter().try_for_each(|pool| copies_remove(tx, id, *pool))
    }))
}

async fn remove(cx: &StepContext) -> Result<Done, StepError> {
    let (id, now) = (template_of(cx), cx.app.now());
    let template = cx.read(move |tx| template_get(tx, id)).await?;
    if let Some(worker) = template.worker {
        let command = DeleteTemplateCommand { template: id };
        cx.call(worker, "delete", command, WAIT).await.map_err(ServiceError::from)?;
    }
    Ok(Done::writing("it is deleted", move |tx| {
        let template = template_get(tx, id)?;
        template_transition(tx, &template, TemplateEvent::Deleted, None, None, None, now)
    }))
}
