//! `template.register`: an image worker of the zone fetches the template and checks it.

use std::time::Duration;

use async_trait::async_trait;
use hostler_model::{
    AccountId, Bytes, HostId, JobId, LimitKind, TemplateEvent, TemplateId, TemplateState, ZoneId,
};
use hostler_store::event::event_add;
use hostler_store::job::job_add;
use hostler_store::limit;
use hostler_store::template::{
    Fetched, NewTemplate, TemplateChoices, image_workers, template_add, template_get,
    template_transition,
};
use hostler_wire::{DeleteTemplateCommand, DownloadCommand};
use serde_json::{Value, json};
use uuid::Uuid;

use super::template_of;
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::{Commit, Done, StepContext, StepError, Undone, Workflow, nothing, order_id};
use crate::orchestration::{Caller, vm::disk_format};
use crate::settings::{SECSTORAGE_ALLOW_PRIVATE, SECSTORAGE_MAX_TEMPLATE_SIZE};

/// Everything that a caller can say about a new template.
#[derive(Debug, Clone)]
pub struct RegisterRequest {
    /// Whose it is to be.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// Any text; nothing: the name.
    pub display_text: Option<String>,
    /// `http`, `https`, or, from a root administrator, `file`.
    pub url: String,
    /// `QCOW2`, `RAW` or `ISO`.
    pub format: String,
    /// What the guest is: `Linux`, `Windows`, `WindowsLegacy` or `Other`.
    pub os: String,
    /// Machine architecture.
    pub arch: String,
    /// What it must hash to.
    pub checksum: Option<String>,
    /// The zone that it is for; nothing: all.
    pub zone: Option<ZoneId>,
    /// Whether every account may use it.
    pub is_public: bool,
    /// Whether it is shown first.
    pub is_featured: bool,
    /// Whether its bytes may be had.
    pub is_extractable: bool,
    /// What is said of its guests.
    pub choices: TemplateChoices,
    /// Choices that few need.
    pub details: std::collections::BTreeMap<String, String>,
}

/// Checks, records the template and its job, and has the job run.
///
/// # Errors
/// [`ServiceError`] names the parameter, its value, and what to do.
pub async fn register(
    app: &Context,
    caller: &Caller,
    request: RegisterRequest,
) -> Result<TemplateId, ServiceError> {
    check_source(caller, &request.url, &request.format, &["QCOW2", "RAW", "ISO"])?;
    let id = TemplateId::new(Uuid::now_v7());
    let subject = ("Template", id.uuid());
    let (command, kind) = match request.format.as_str() {
        "ISO" => ("registerIso", "ISO.CREATE"),
        _ => ("registerTemplate", "TEMPLATE.CREATE"),
    };
    let job = caller.job("template.register", command, subject, json!({}), STEPS);
    let (job_id, now): (JobId, _) = (job.id, app.now());
    let text = format!("template {} is to be fetched", request.name);
    let event = caller.event(now, kind, text, subject, Some(job_id));
    let new = NewTemplate {
        id,
        account: request.account,
        zone: request.zone,
        display_text: request.display_text.unwrap_or_else(|| request.name.clone()),
        name: request.name,
        url: request.url,
        format: request.format.to_ascii_uppercase(),
        os: request.os,
        arch: request.arch,
        checksum: request.checksum,
        is_public: request.is_public,
        is_featured: request.is_featured,
        is_extractable: request.is_extractable,
        choices: request.choices,
        details: request.details,
    };
    let (limits, owner) = (app.settings.limits(), request.account);
    app.store
        .write(move |tx| {
            // its size is claimed when it is known
            let asked = [(LimitKind::Template, 1), (LimitKind::SecondaryStorage, 0)];
            limit::claim(tx, &limits, owner, &asked)?;
            template_add(tx, &new, now)?;
            job_add(tx, &job, now)?;
            event_add(tx, &event)
        })
        .await?;
    app.jobs.run(app, id.uuid(), job_id);
    Ok(id)
}

/// Refuses an address that nobody, or not this caller, may have fetched, and a format that is not one of those known.
///
/// # Errors
/// [`ServiceError`] names the parameter.
pub(in crate::orchestration) fn check_source(
    caller: &Caller,
    url: &str,
    format: &str,
    known: &[&str],
) -> Result<(), ServiceError> {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme.as_deref() {
        Some("http" | "https") => {}
        Some("file") if caller.is_root() => {}
        Some("file") => {
            return Err(ServiceError::new(
                ServiceErrorKind::Denied,
                "parameter url: only a root administrator may register a file of the image worker",
            ));
        }
        _ => {
            return Err(ServiceError::parameter(
                "parameter url: give the address of the image, http:// or https://",
            ));
        }
    }
    if !known.iter().any(|known| known.eq_ignore_ascii_case(format)) {
        return Err(ServiceError::parameter(format!(
            "parameter format: {format:?} cannot be used; known are {}",
            known.join(", ")
        )));
    }
    Ok(())
}

/// See the file's description.
#[derive(Debug)]
pub struct RegisterTemplate;

const STEPS: &[&str] = &["download"];
const LABEL: &str = "download";
/// After so long without an answer the worker is asked whether it is still at it.
const WAIT: Duration = Duration::from_hours(1);

#[async_trait]
impl Workflow for RegisterTemplate {
    fn kind(&self) -> &'static str {
        "template.register"
    }

    fn steps(&self) -> &'static [&'static str] {
        STEPS
    }

    async fn act(&self, cx: &StepContext, _step: &str) -> Result<Done, StepError> {
        let (id, now) = (template_of(cx), cx.app.now());
        let template = cx.read(move |tx| template_get(tx, id)).await?;
        let worker = match template.worker {
            Some(worker) => worker,
            None => worker_of(cx, template.zone).await?,
        };
        if template.state == TemplateState::Registered {
            let event = TemplateEvent::DownloadStarted;
            let seen = template.clone();
            cx.write(move |tx| {
                template_transition(tx, &seen, event, Some(worker), None, None, now)
            })
            .await?;
        }
        let command = DownloadCommand {
            template: id,
            url: template.url.clone(),
            format: disk_format(&template.format),
            checksum: template.checksum.clone(),
            max_size: Bytes::from_gib(cx.app.settings.number(&SECSTORAGE_MAX_TEMPLATE_SIZE)),
            allow_private_addresses: cx.app.settings.flag(&SECSTORAGE_ALLOW_PRIVATE),
        };
        let order = order_id(cx.job.id.uuid(), cx.position, cx.attempt, false, LABEL);
        cx.app.download_begins(order, id);
        let answer = cx.call(worker, LABEL, command, WAIT).await;
        cx.app.download_ends(order);
        let answer = answer.map_err(ServiceError::from)?;
        let limits = cx.app.settings.limits();
        let text = format!("{} of {} fetched and checked", answer.size, template.name);
        Ok(Done::writing(text, move |tx| {
            let template = template_get(tx, id)?;
            if template.state == TemplateState::Ready {
                return Ok(());
            }
            let fetched = Fetched {
                size: answer.size,
                virtual_size: answer.virtual_size,
                sha256: answer.sha256,
            };
            let asked = [(LimitKind::SecondaryStorage, fetched.size.0)];
            limit::claim(tx, &limits, template.account, &asked)?;
            let event = TemplateEvent::DownloadDone;
            template_transition(tx, &template, event, Some(worker), Some(&fetched), None, now)
        }))
    }

    async fn undo(&self, cx: &StepContext, _step: &str) -> Result<Undone, ServiceError> {
        // the worker leaves nothing behind of a template that it did not complete; one that is larger than its
        // owner may have is complete
        if cx.failed_with(ServiceErrorKind::Quota) {
            let id = template_of(cx);
            if let Some(worker) = cx.read(move |tx| template_get(tx, id)).await?.worker {
                let command = DeleteTemplateCommand { template: id };
                cx.call(worker, "delete", command, WAIT).await?;
            }
        }
        Ok(Undone { commit: nothing() })
    }

    fn result(&self, cx: &StepContext) -> Value {
        json!({ "template": cx.job.subject })
    }

    async fn failed(&self, cx: &StepContext, why: &str) -> Result<Commit, ServiceError> {
        let (id, now, why) = (template_of(cx), cx.app.now(), why.to_owned());
        Ok(Box::new(move |tx| {
            let template = template_get(tx, id)?;
            let event = TemplateEvent::DownloadFailed;
            template_transition(tx, &template, event, None, None, Some(&why), now)
        }))
    }
}

/// A connected image worker of the zone; waits, visibly, until there is one.
pub(in crate::orchestration) async fn worker_of(
    cx: &StepContext,
    zone: Option<ZoneId>,
) -> Result<HostId, ServiceError> {
    let mut news = cx.app.agents.subscribe();
    loop {
        let workers = cx.read(move |tx| image_workers(tx, zone)).await?;
        if let Some(worker) = workers.into_iter().find(|w| cx.app.agents.is_connected(*w)) {
            return Ok(worker);
        }
        cx.wait_for("no image worker is connected").await;
        // a missed piece of news is as good as one: look again
        if let Err(tokio::sync::broadcast::error::RecvError::Closed) = news.recv().await {
            return Err(ServiceError::new(ServiceErrorKind::Unavailable, "the manager is ending"));
        }
        cx.go_on().await;
    }
}
