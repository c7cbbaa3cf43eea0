//! `template.extract`: share → tell. Its image worker makes a link by which a template or an ISO is had for a while.
//!
//! What the link is known by is drawn before the job is recorded, so that an order that is given again makes the same
//! link. It ends by itself.

use std::time::Duration;

use async_trait::async_trait;
use hostler_model::{JobId, TemplateId, TemplateState};
use hostler_store::event::event_add;
use hostler_store::job::job_add;
use hostler_store::template::{TemplateRow, template_get};
use hostler_store::template_view::template_view;
use hostler_wire::{Secret, ShareTemplateCommand};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::template_of;
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::{Done, StepContext, StepError, Undone, Workflow, nothing};
use crate::orchestration::Caller;
use crate::settings::EXTRACT_URL_EXPIRES;

const STEPS: &[&str] = &["share", "tell"];
const WAIT: Duration = Duration::from_mins(5);

/// See the file's description.
#[derive(Debug)]
pub struct ExtractTemplate;

/// What the journal says of the job.
#[derive(Debug, Serialize, Deserialize)]
struct Input {
    token: String,
    name: String,
    seconds: u32,
}

/// Checks, records the job, and has it run; `token` is what the link will be known by. Whether the template is the caller's
/// is checked before, but not whether its bytes may be had.
///
/// # Errors
/// [`ServiceError`] says what is in the way.
pub async fn extract(
    app: &Context,
    caller: &Caller,
    id: TemplateId,
    token: String,
) -> Result<JobId, ServiceError> {
    let (caller, now, subject) = (caller.clone(), app.now(), ("Template", id.uuid()));
    let seconds = u32::try_from(app.settings.number(&EXTRACT_URL_EXPIRES)).unwrap_or(u32::MAX);
    let job = app
        .store
        .write(move |tx| {
            let row = template_get(tx, id)?;
            must_be_ready(&row)?;
            if !caller.is_root() && !template_view(tx, id)?.is_extractable {
                let text = format!("{} may not be downloaded; its owner may allow it", row.name);
                return Err(ServiceError::new(ServiceErrorKind::Denied, text));
            }
            let name = file_name(&row.name, &row.format);
            let input = json!(Input { token, name, seconds });
            let (command, kind) = if row.is_iso() {
                ("extractIso", "ISO.EXTRACT")
            } else {
                ("extractTemplate", "TEMPLATE.EXTRACT")
            };
            let job = caller.job("template.extract", command, subject, input, STEPS);
            job_add(tx, &job, now)?;
            let text = format!("a link to {} is to be made", row.name);
            event_add(tx, &caller.event(now, kind, text, subject, Some(job.id)))?;
            Ok::<_, ServiceError>(job)
        })
        .await?;
    app.jobs.run(app, id.uuid(), job.id);
    Ok(job.id)
}

fn must_be_ready(row: &TemplateRow) -> Result<(), ServiceError> {
    if row.state == TemplateState::Ready {
        return Ok(());
    }
    let text = format!("{} is {}, not Ready", row.name, row.state);
    Err(ServiceError::new(ServiceErrorKind::Unsupported, text))
}

/// Letters of a name that no program minds, with the ending of its format.
pub(in crate::orchestration) fn file_name(name: &str, format: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let plain = |c: char| if is_plain(c) { c } else { '-' };
    let name: String = name.chars().take(60).map(plain).collect();
    format!("{name}.{}", format.to_ascii_lowercase())
}

#[async_trait]
impl Workflow for ExtractTemplate {
    fn kind(&self) -> &'static str {
        "template.extract"
    }

    fn steps(&self) -> &'static [&'static str] {
        STEPS
    }

    async fn act(&self, cx: &StepContext, step: &str) -> Result<Done, StepError> {
        let id = template_of(cx);
        let row = cx.read(move |tx| template_get(tx, id)).await?;
        if step == "share" {
            return share(cx, &row).await;
        }
        let kind = if row.is_iso() { "ISO.EXTRACT" } else { "TEMPLATE.EXTRACT" };
        let text = format!("a link to {} is made", row.name);
        let event = cx.event(kind, "INFO", ("Template", id.uuid()), text.clone());
        Ok(Done::writing(text, move |tx| event_add(tx, &event)))
    }

    /// A link that nobody was told ends like any other.
    async fn undo(&self, _cx: &StepContext, _step: &str) -> Result<Undone, ServiceError> {
        Ok(Undone { commit: nothing() })
    }

    fn result(&self, cx: &StepContext) -> Value {
        json!({ "extract": cx.job.subject, "url": cx.job.memory })
    }
}

/// Has the worker make the link.
async fn share(cx: &StepContext, row: &TemplateRow) -> Result<Done, StepError> {
    must_be_ready(row)?;
    let Input { token, name, seconds } =
        serde_json::from_value(cx.job.input.clone()).map_err(|e| {
            let text = format!("the journal does not say which link is meant: {e}");
            ServiceError::new(ServiceErrorKind::Internal, text)
        })?;
    let Some(worker) = row.worker else {
        let text = format!("no image worker has {}", row.name);
        return Err(StepError::fail(ServiceErrorKind::Unavailable, text));
    };
    let link = format!("{token}/{name}");
    let command =
        ShareTemplateCommand { template: row.id, token: Secret::new(token), name, seconds };
    let answer = cx.call(worker, "share", command, WAIT).await.map_err(ServiceError::from)?;
    let text = format!("a link to {} that lasts {seconds} s", row.name);
    Ok(Done::writing(text, |_| Ok(())).remembering(json!(format!("{}/{link}", answer.base))))
}
