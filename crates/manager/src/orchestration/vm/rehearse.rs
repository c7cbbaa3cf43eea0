//! What would be done: every check of the real thing, and where a VM would run. Nothing is written.

use std::sync::{Arc, Mutex, PoisonError};

use hostler_model::VmId;
use hostler_scheduler::place;
use hostler_store::blueprint::{Blueprint, blueprint};
use hostler_store::claim::{HostCapacity, host_capacities};
use hostler_store::run::run_get;
use hostler_store::{StoreError, Tx};
use serde_json::Value;

use super::deploy::Plan;
use super::{DeployRequest, Placing, change, requests, spec, start};
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

type Scene = (Blueprint, Vec<HostCapacity>);

fn scene(tx: &Tx<'_>, id: VmId) -> Result<Scene, StoreError> {
    let blueprint = blueprint(tx, id)?;
    let capacities = host_capacities(tx, blueprint.vm.zone)?;
    Ok((blueprint, capacities))
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
    let seen = Arc::new(Mutex::new(None));
    let (id, place_for) = (plan.id, Arc::clone(&seen));
    let taken_back = app
        .store
        .write(move |tx| {
            plan.write_down(tx)?;
            *place_for.lock().unwrap_or_else(PoisonError::into_inner) = Some(scene(tx, id)?);
            Err::<(), _>(ServiceError::new(ServiceErrorKind::Internal, "a rehearsal ends here"))
        })
        .await;
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (seen, taken_back) {
        (Some(_), _) if !starts => Ok(Rehearsal {
            summary: "the VM would be recorded and stay Stopped".to_owned(),
            verdict: None,
        }),
        (Some(scene), _) => placed(app, &scene, placing),
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
    let scene = app.store.read(move |tx| scene(tx, id)).await?;
    start::check(&scene.0).map_err(|e| match e {
        StepError::Fail(why) => why,
        StepError::Again { why, .. } => ServiceError::new(ServiceErrorKind::Unavailable, why),
    })?;
    placed(app, &scene, placing)
}

fn placed(app: &Context, scene: &Scene, placing: Placing) -> Result<Rehearsal, ServiceError> {
    let (blueprint, capacities) = scene;
    let hosts = spec::host_views(capacities, |host| app.agents.is_connected(host));
    let demand = spec::demand(blueprint, Vec::new(), &placing);
    match place(&hosts, &demand, &app.policy) {
        Ok(placement) => {
            let name = hosts.iter().find(|host| host.id == placement.host).map(|host| &host.name);
            Ok(Rehearsal {
                summary: format!("the VM would run on {}", name.map_or("a host", String::as_str)),
                verdict: serde_json::to_value(&placement.verdict).ok(),
            })
        }
        Err(none) => Err(ServiceError::new(ServiceErrorKind::NoCapacity, none.to_string())),
    }
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
