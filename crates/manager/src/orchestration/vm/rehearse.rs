//! What would be done: every check of the real thing, and where a VM would run. Nothing is written.

use std::sync::{Arc, Mutex, PoisonError};

use hostler_model::VmId;
use hostler_store::run::run_get;
use serde_json::Value;

use super::deploy::Plan;
use super::placing::{Planned, Sight, refusal, sight};
use super::{DeployRequest, Placing, change, requests, start};
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::StepError;
use crate::orchestration::Caller;

/// What would come of a request.
#[derive(Debug, Clone)]
pub struct Rehearsal {
    /// In one sentence.
    pub summary: String,
    /// Where a VM would run, and what became of each host; nothing: no host is to be found.
    pub verdict: Option<Value>,
}

/// A deployment: it is written down, looked at, and taken back with its transaction.
///
/// # Errors
/// Those of the real thing, and that no host would do.
pub async fn rehearse_deploy(
    app: &Context,
    caller: &Caller,
    request: DeployRequest,
) -> Result<Rehearsal, ServiceError> {
    let (placing, starts) = (request.placing, request.start);
    let plan = Plan::new(app, caller, request)?;
    let context = app.clone();
    let seen = Arc::new(Mutex::new(None));
    let (id, place_for) = (plan.id, Arc::clone(&seen));
    let taken_back = app
        .store
        .write(move |tx| {
            plan.write_down(tx)?;
            *place_for.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(sight(tx, &context, id)?);
            Err::<(), _>(ServiceError::new(ServiceErrorKind::Internal, "a rehearsal ends here"))
        })
        .await;
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (seen, taken_back) {
        (Some(_), _) if !starts => Ok(Rehearsal {
            summary: "the VM would be recorded and stay Stopped".to_owned(),
            verdict: None,
        }),
        (Some(seen), _) => placed(app, &seen, placing),
        (None, Err(why)) => Err(why),
        (None, Ok(())) => Err(ServiceError::new(ServiceErrorKind::Internal, "nothing was seen")),
    }
}

/// A start.
///
/// # Errors
/// Those of the real thing, and that no host would do.
pub async fn rehearse_start(
    app: &Context,
    caller: &Caller,
    id: VmId,
    placing: Placing,
) -> Result<Rehearsal, ServiceError> {
    requests::may_place(caller, placing)?;
    requests::vm_for(app, caller, id).await?;
    let context = app.clone();
    let seen = app.store.read(move |tx| sight(tx, &context, id)).await?;
    start::check(&seen.blueprint).map_err(|e| match e {
        StepError::Fail(why) => why,
        StepError::Again { why, .. } => ServiceError::new(ServiceErrorKind::Unavailable, why),
    })?;
    placed(app, &seen, placing)
}

fn placed(app: &Context, seen: &Sight, placing: Placing) -> Result<Rehearsal, ServiceError> {
    let Planned { outcome, .. } = seen.plan(app, Vec::new(), &placing)?;
    let (host, placement) = outcome.map_err(|none| refusal(&none))?;
    Ok(Rehearsal {
        summary: format!("the VM would run on {}", host.name),
        verdict: serde_json::to_value(&placement.verdict).ok(),
    })
}

/// A stop, or what begins with one; `verb` is what would become of the VM.
///
/// # Errors
/// Those of the real thing.
pub async fn rehearse_end(
    app: &Context,
    caller: &Caller,
    id: VmId,
    verb: &'static str,
) -> Result<Rehearsal, ServiceError> {
    let caller = caller.clone();
    app.store
        .read(move |tx| {
            let row = change::visible(tx, &caller, id)?;
            requests::must_not_be(&row, requests::GONE, verb)?;
            if verb != "stopped" {
                requests::must_not_be_protected(&row)?;
            }
            let runs = row.run.map(|run| run_get(tx, run)).transpose()?;
            let first = match runs {
                Some(run) => format!("would be stopped on host {}", run.host),
                None => "does not run".to_owned(),
            };
            let last = if verb == "stopped" { String::new() } else { format!(", then {verb}") };
            let summary = format!("{} {first}{last}", row.instance_name);
            Ok::<_, ServiceError>(Rehearsal { summary, verdict: None })
        })
        .await
}
