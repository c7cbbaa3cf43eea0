//! Hosts that exist: maintenance, and connecting anew.
//!
//! Not here: how a machine becomes a host (`onboarding`).

pub mod maintenance;
pub mod reconnect;

use hostler_model::{HostId, JobId};
use hostler_store::event::event_add;
use hostler_store::job::job_add;
use hostler_store::{StoreError, Tx};
use serde_json::{Value, json};

use crate::context::Context;
use crate::error::ServiceError;
use crate::jobs::{StepContext, Workflow};
use crate::orchestration::Caller;

fn host_of(cx: &StepContext) -> HostId {
    HostId::new(cx.job.subject)
}

fn host_result(cx: &StepContext) -> Value {
    json!({ "host": cx.job.subject })
}

/// What is asked of a host.
struct Ask {
    workflow: &'static dyn Workflow,
    api_command: &'static str,
    event: &'static str,
    what: &'static str,
}

/// Checks and records the job in one transaction, and has it run.
async fn ask(
    app: &Context,
    caller: &Caller,
    host: HostId,
    ask: Ask,
    check: impl FnOnce(&Tx<'_>) -> Result<String, ServiceError> + Send + 'static,
) -> Result<JobId, ServiceError> {
    let subject = ("Host", host.uuid());
    let steps = ask.workflow.steps();
    let job = caller.job(ask.workflow.kind(), ask.api_command, subject, json!({}), steps);
    let (id, now) = (job.id, app.now());
    let event = caller.event(now, ask.event, String::new(), subject, Some(id));
    app.store
        .write(move |tx| {
            let name = check(tx)?;
            job_add(tx, &job, now)?;
            let description = format!("host {name} is to {}", ask.what);
            event_add(tx, &hostler_store::event::NewEvent { description, ..event })?;
            Ok::<_, ServiceError>(())
        })
        .await?;
    app.jobs.run(app, host.uuid(), id);
    Ok(id)
}

/// The name of a host that is there.
fn name_of(tx: &Tx<'_>, host: HostId) -> Result<String, StoreError> {
    Ok(hostler_store::host::host_get(tx, host)?.name)
}
