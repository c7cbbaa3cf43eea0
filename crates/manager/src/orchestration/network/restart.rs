//! `network.restart`: every host serves a network as the record has it. One step: a job for each VM that runs on it, in
//! that VM's own lane (`vm.serve_nics`), and waiting for all of them.
//!
//! No guest loses a packet: there is no router between guests to be restarted.

use async_trait::async_trait;
use hostler_model::{JobId, NetworkId};
use hostler_store::event::event_add;
use hostler_store::job::job_add;
use hostler_store::network::network_get;
use hostler_store::nic::vms_served;
use serde_json::{Value, json};

use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::{Commit, Done, StepContext, StepError, Undone, Workflow, nothing};
use crate::orchestration::Caller;
use crate::orchestration::children::{all_ended, asker};
use crate::orchestration::vm;

const STEPS: &[&str] = &["serve"];

/// See the file's description.
#[derive(Debug)]
pub struct RestartNetwork;

/// Records the job, and has it run. Whether the caller may is checked before.
///
/// # Errors
/// [`ServiceError`] if there is no such network.
pub async fn restart(
    app: &Context,
    caller: &Caller,
    network: NetworkId,
) -> Result<JobId, ServiceError> {
    let (caller, now, subject) = (caller.clone(), app.now(), ("Network", network.uuid()));
    let job = caller.job("network.restart", "restartNetwork", subject, json!({}), STEPS);
    let id = job.id;
    app.store
        .write(move |tx| {
            let name = network_get(tx, network)?.name;
            job_add(tx, &job, now)?;
            let text = format!("network {name} is to be restarted");
            event_add(tx, &caller.event(now, "NETWORK.RESTART", text, subject, Some(job.id)))
        })
        .await?;
    app.jobs.run(app, network.uuid(), id);
    Ok(id)
}

fn network_of(cx: &StepContext) -> NetworkId {
    NetworkId::new(cx.job.subject)
}

#[async_trait]
impl Workflow for RestartNetwork {
    fn kind(&self) -> &'static str {
        "network.restart"
    }

    fn steps(&self) -> &'static [&'static str] {
        STEPS
    }

    async fn act(&self, cx: &StepContext, _step: &str) -> Result<Done, StepError> {
        let (network, caller) = (network_of(cx), asker(cx).await?);
        let vms = cx.read(move |tx| vms_served(tx, network)).await?;
        let mut jobs = Vec::new();
        for (vm, _) in &vms {
            jobs.push(vm::serve_nics(&cx.app, &caller, *vm, network).await?);
        }
        let failed = all_ended(cx, &jobs, "serving the NICs of VMs").await?;
        let names = jobs.iter().zip(&vms);
        let told: Vec<String> = names
            .filter_map(|(job, (_, name))| Some(format!("{name}: {}", failed.get(job)?)))
            .collect();
        if !told.is_empty() {
            let text = format!(
                "{} of {} VMs are not served anew: {}",
                told.len(),
                vms.len(),
                told.join("; ")
            );
            return Err(StepError::fail(ServiceErrorKind::Unavailable, text));
        }
        let text = format!("the NICs of {} VMs are served as the record has them", vms.len());
        let event = cx.event("NETWORK.RESTART", "INFO", subject(cx), text.clone());
        Ok(Done::writing(text, move |tx| event_add(tx, &event)))
    }

    /// What is served anew stays so.
    async fn undo(&self, _cx: &StepContext, _step: &str) -> Result<Undone, ServiceError> {
        Ok(Undone { commit: nothing() })
    }

    fn result(&self, _cx: &StepContext) -> Value {
        json!({ "success": true })
    }

    async fn failed(&self, cx: &StepContext, why: &str) -> Result<Commit, ServiceError> {
        let event = cx.event("NETWORK.RESTART", "ERROR", subject(cx), why.to_owned());
        Ok(Box::new(move |tx| event_add(tx, &event)))
    }
}

fn subject(cx: &StepContext) -> (&'static str, uuid::Uuid) {
    ("Network", cx.job.subject)
}
