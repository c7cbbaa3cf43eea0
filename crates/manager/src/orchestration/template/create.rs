//! `template.create`: expect → send → keep. What a volume or a snapshot holds becomes a template of an image worker.
//!
//! The worker lets the host send, the host sends, and the worker checks what has come and keeps it. A job that fails
//! leaves no file; the template stays in the record, Failed, until somebody deletes it.
//!
//! It runs in the lane of the volume's VM, so that no start comes between; one of a snapshot in that snapshot's.

use std::time::Duration;

use async_trait::async_trait;
use hostler_model::{AccountId, Bytes, JobId, LimitKind, TemplateEvent, TemplateId, TemplateState};
use hostler_store::event::event_add;
use hostler_store::host::host_get;
use hostler_store::job::job_add;
use hostler_store::limit;
use hostler_store::template::{
    Fetched, NewTemplate, TemplateChoices, TemplateRow, image_worker, template_add, template_get,
    template_transition,
};
use hostler_store::volume::volume_take;
use hostler_wire::{
    DeleteTemplateCommand, DiskFormat, ExpectTemplateCommand, KeepTemplateCommand,
    SendTemplateAnswer, SendTemplateCommand, TemplateOrigin,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::origin::Origin;
use super::register::worker_of;
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::{Commit, Done, StepContext, StepError, Undone, Workflow, nothing, order_id};
use crate::orchestration::Caller;
use crate::orchestration::volume::run;
use crate::settings::SECSTORAGE_MAX_TEMPLATE_SIZE;

const STEPS: &[&str] = &["expect", "send", "keep"];
const SEND: &str = "send";
/// How long the worker may take to say that it expects a template, or has none any more.
const WAIT: Duration = Duration::from_mins(5);
/// How long sending or checking it may take before the agent is asked what became of it.
const LONG: Duration = Duration::from_mins(330);

/// Everything that a caller can say about a template that is made from a volume.
#[derive(Debug, Clone)]
pub struct CreateRequest {
    /// What it is made from.
    pub origin: TemplateOrigin,
    /// Whose it is to be; nothing: whose the volume or snapshot is.
    pub account: Option<AccountId>,
    /// Its name.
    pub name: String,
    /// Any text; nothing: the name.
    pub display_text: Option<String>,
    /// What the guest is: `Linux`, `Windows`, `WindowsLegacy` or `Other`.
    pub os: String,
    /// Machine architecture.
    pub arch: String,
    /// Whether every account may use it.
    pub is_public: bool,
    /// Whether it is shown first.
    pub is_featured: bool,
    /// What is said of its guests.
    pub choices: TemplateChoices,
    /// Choices that few need.
    pub details: std::collections::BTreeMap<String, String>,
}

/// What the journal says of the job.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Input {
    template: TemplateId,
    origin: TemplateOrigin,
}

impl Input {
    fn of(cx: &StepContext) -> Result<Self, ServiceError> {
        serde_json::from_value(cx.job.input.clone()).map_err(|e| {
            let text = format!("the journal does not say which template is to be made: {e}");
            ServiceError::new(ServiceErrorKind::Internal, text)
        })
    }
}

/// Checks, takes the volume, records the template and its job, and has the job run.
///
/// # Errors
/// [`ServiceError`] says what is in the way; nothing is written then.
pub async fn create(
    app: &Context,
    caller: &Caller,
    request: CreateRequest,
) -> Result<(TemplateId, JobId), ServiceError> {
    let (id, now, most) = (TemplateId::new(Uuid::now_v7()), app.now(), most(app));
    let (caller, limits) = (caller.clone(), app.settings.limits());
    let job = app
        .store
        .write(move |tx| {
            tx.because(caller.cause());
            let origin = Origin::read(tx, request.origin)?;
            origin.check(most)?;
            let account = request.account.unwrap_or(origin.account);
            // its size is claimed when it is known
            let asked = [(LimitKind::Template, 1), (LimitKind::SecondaryStorage, 0)];
            limit::claim(tx, &limits, account, &asked)?;
            let input = json!(Input { template: id, origin: request.origin });
            let subject = origin.lane();
            let job = caller.job("template.create", "createTemplate", subject, input, STEPS);
            let text = format!("template {} is to be made from {}", request.name, origin.name);
            template_add(tx, &new(id, account, &origin, request), now)?;
            job_add(tx, &job, now)?;
            if let Some(volume) = &origin.volume {
                volume_take(tx, volume, job.id)?;
            }
            let about = ("Template", id.uuid());
            event_add(tx, &caller.event(now, "TEMPLATE.CREATE", text, about, Some(job.id)))?;
            Ok::<_, ServiceError>(job)
        })
        .await?;
    Ok((id, run(app, &job)))
}

fn new(id: TemplateId, account: AccountId, origin: &Origin, request: CreateRequest) -> NewTemplate {
    NewTemplate {
        id,
        account,
        zone: Some(origin.zone),
        display_text: request.display_text.unwrap_or_else(|| request.name.clone()),
        name: request.name,
        url: String::new(), // it comes from nowhere else
        format: "QCOW2".to_owned(),
        os: request.os,
        arch: request.arch,
        checksum: None,
        is_public: request.is_public,
        is_featured: request.is_featured,
        is_extractable: origin.is_extractable,
        choices: request.choices,
        details: request.details,
    }
}

/// The largest template there may be, as a file and as guests see it.
pub(in crate::orchestration) fn most(app: &Context) -> Bytes {
    Bytes::from_gib(app.settings.number(&SECSTORAGE_MAX_TEMPLATE_SIZE))
}

/// See the file's description.
#[derive(Debug)]
pub struct CreateTemplate;

#[async_trait]
impl Workflow for CreateTemplate {
    fn kind(&self) -> &'static str {
        "template.create"
    }

    fn steps(&self) -> &'static [&'static str] {
        STEPS
    }

    async fn act(&self, cx: &StepContext, step: &str) -> Result<Done, StepError> {
        match step {
            "expect" => expect(cx).await,
            SEND => send(cx).await,
            _ => keep(cx).await,
        }
    }

    /// The host leaves nothing behind by itself; whatever the worker has goes with the first step.
    async fn undo(&self, cx: &StepContext, step: &str) -> Result<Undone, ServiceError> {
        let id = Input::of(cx)?.template;
        let worker = cx.read(move |tx| template_get(tx, id)).await?.worker;
        if let Some(worker) = worker.filter(|_| step == "expect") {
            cx.call(worker, "delete", DeleteTemplateCommand { template: id }, WAIT).await?;
        }
        Ok(Undone { commit: nothing() })
    }

    fn result(&self, cx: &StepContext) -> Value {
        json!({ "template": cx.job.input.get("template") })
    }

    async fn failed(&self, cx: &StepContext, why: &str) -> Result<Commit, ServiceError> {
        let (id, now, why) = (Input::of(cx)?.template, cx.app.now(), why.to_owned());
        let event = cx.event("TEMPLATE.CREATE", "ERROR", ("Template", id.uuid()), why.clone());
        Ok(Box::new(move |tx| {
            let template = template_get(tx, id)?;
            let failed = TemplateEvent::DownloadFailed;
            template_transition(tx, &template, failed, None, None, Some(&why), now)?;
            event_add(tx, &event)
        }))
    }
}

/// The template and what it is made from, as they are.
async fn scene(cx: &StepContext) -> Result<(TemplateRow, Origin), ServiceError> {
    let input = Input::of(cx)?;
    cx.read(move |tx| Ok((template_get(tx, input.template)?, Origin::read(tx, input.origin)?)))
        .await
}

/// Chooses an image worker, and has it expect the template from the volume's host.
async fn expect(cx: &StepContext) -> Result<Done, StepError> {
    let (template, origin) = scene(cx).await?;
    let max_size = most(&cx.app);
    origin.check(max_size)?;
    let (_, host) = origin.place()?;
    let worker = match template.worker {
        Some(worker) => worker,
        None => worker_of(cx, template.zone).await?,
    };
    let (id, now, seen) = (template.id, cx.app.now(), template.clone());
    let from = cx
        .write(move |tx| {
            if seen.state == TemplateState::Registered {
                let begun = TemplateEvent::DownloadStarted;
                template_transition(tx, &seen, begun, Some(worker), None, None, now)?;
            }
            Ok(host_get(tx, host)?.guid)
        })
        .await?;
    let command = ExpectTemplateCommand { template: id, from, max_size };
    cx.call(worker, "expect", command, WAIT).await.map_err(ServiceError::from)?;
    Ok(Done::writing(format!("an image worker expects it from host {from}"), |_| Ok(())))
}

/// Has the host send it; how far that is shows at the template.
async fn send(cx: &StepContext) -> Result<Done, StepError> {
    let (template, origin) = scene(cx).await?;
    let (pool, host) = origin.place()?;
    let (id, to) = (template.id, template.worker);
    let found = cx.read(move |tx| to.map(|to| image_worker(tx, to)).transpose()).await?;
    let Some((worker, address)) = found.flatten() else {
        let text = "the image worker that expects it is not in the cloud any more";
        return Err(StepError::fail(ServiceErrorKind::Unavailable, text));
    };
    let command =
        SendTemplateCommand { template: id, origin: Input::of(cx)?.origin, pool, worker, address };
    let order = order_id(cx.job.id.uuid(), cx.position, cx.attempt, false, SEND);
    cx.app.download_begins(order, id);
    let answer = cx.call(host, SEND, command, LONG).await;
    cx.app.download_ends(order);
    let answer = answer.map_err(ServiceError::from)?;
    let text = format!("{} of {} sent", answer.size, origin.name);
    Ok(Done::writing(text, |_| Ok(())).remembering(json!(answer)))
}

/// Has the worker check what has come, and keep it; from then on VMs can be made from it.
async fn keep(cx: &StepContext) -> Result<Done, StepError> {
    let (template, origin) = scene(cx).await?;
    let sent: SendTemplateAnswer = serde_json::from_value(cx.job.memory.clone()).map_err(|e| {
        let text = format!("the journal does not say what was sent: {e}");
        ServiceError::new(ServiceErrorKind::Internal, text)
    })?;
    let Some(worker) = template.worker else {
        let text = "no image worker is recorded for it";
        return Err(StepError::fail(ServiceErrorKind::Internal, text));
    };
    let (id, now, limits) = (template.id, cx.app.now(), cx.app.settings.limits());
    let command = KeepTemplateCommand {
        template: id,
        size: sent.size,
        sha256: sent.sha256.clone(),
        format: DiskFormat::Qcow2,
        max_size: most(&cx.app),
    };
    let kept = cx.call(worker, "keep", command, LONG).await.map_err(ServiceError::from)?;
    let text = format!("template {} of {} is made from {}", template.name, sent.size, origin.name);
    let event = cx.event("TEMPLATE.CREATE", "INFO", ("Template", id.uuid()), text.clone());
    Ok(Done::writing(text, move |tx| {
        let template = template_get(tx, id)?;
        let fetched =
            Fetched { size: sent.size, virtual_size: kept.virtual_size, sha256: sent.sha256 };
        let asked = [(LimitKind::SecondaryStorage, fetched.size.0)];
        limit::claim(tx, &limits, template.account, &asked)?;
        let done = TemplateEvent::DownloadDone;
        template_transition(tx, &template, done, Some(worker), Some(&fetched), None, now)?;
        event_add(tx, &event)
    }))
}
