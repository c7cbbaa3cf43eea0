//! `vm.serve_nics`: the host of a VM that runs serves its NICs on one network as the record has them. One step; a VM that
//! does not run needs nothing, because its next start does the same.

use std::time::Duration;

use async_trait::async_trait;
use hostler_model::{JobId, NetworkId, VmId, VmState};
use hostler_store::blueprint::blueprint;
use hostler_store::job::job_add;
use hostler_store::run::run_get;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{spec, vm_of, vm_result};
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::{Done, StepContext, StepError, Undone, Workflow, nothing};
use crate::orchestration::Caller;

const STEPS: &[&str] = &["serve"];
/// How long an order may take before the agent is asked what became of it.
const WAIT: Duration = Duration::from_mins(5);

/// See the file's description.
#[derive(Debug)]
pub struct ServeNics;

/// What the journal says of the job.
#[derive(Debug, Serialize, Deserialize)]
struct Input {
    network: NetworkId,
}

/// Records the job in the VM's lane, and has it run.
///
/// # Errors
/// [`ServiceError`] if it cannot be recorded.
pub(crate) async fn serve_nics(
    app: &Context,
    caller: &Caller,
    vm: VmId,
    network: NetworkId,
) -> Result<JobId, ServiceError> {
    let (subject, now) = (("VirtualMachine", vm.uuid()), app.now());
    let input = json!(Input { network });
    let job = caller.job("vm.serve_nics", "restartNetwork", subject, input, STEPS);
    let id = job.id;
    app.store.write(move |tx| job_add(tx, &job, now)).await?;
    app.jobs.run(app, vm.uuid(), id);
    Ok(id)
}

#[async_trait]
impl Workflow for ServeNics {
    fn kind(&self) -> &'static str {
        "vm.serve_nics"
    }

    fn steps(&self) -> &'static [&'static str] {
        STEPS
    }

    async fn act(&self, cx: &StepContext, _step: &str) -> Result<Done, StepError> {
        let vm = vm_of(cx);
        let Input { network } = serde_json::from_value(cx.job.input.clone()).map_err(|e| {
            let text = format!("the journal does not say which network is meant: {e}");
            ServiceError::new(ServiceErrorKind::Internal, text)
        })?;
        let (blueprint, run) = cx
            .read(move |tx| {
                let blueprint = blueprint(tx, vm)?;
                let run = blueprint.vm.run.map(|run| run_get(tx, run)).transpose()?;
                Ok((blueprint, run))
            })
            .await?;
        let name = &blueprint.vm.instance_name;
        let Some(run) = run.filter(|_| blueprint.vm.state == VmState::Running) else {
            return Ok(Done::writing(format!("{name} does not run"), |_| Ok(())));
        };
        let servers = spec::servers(&blueprint, run.host);
        let nics: Vec<_> = blueprint.nics.iter().filter(|nic| nic.network == network).collect();
        for nic in &nics {
            let command = spec::prepare_nic(&blueprint, nic, &servers);
            let label = format!("nic {}", nic.id);
            cx.call(run.host, &label, command, WAIT).await.map_err(ServiceError::from)?;
        }
        Ok(Done::writing(format!("{} NICs of {name} are served", nics.len()), |_| Ok(())))
    }

    /// What is served stays so.
    async fn undo(&self, _cx: &StepContext, _step: &str) -> Result<Undone, ServiceError> {
        Ok(Undone { commit: nothing() })
    }

    fn result(&self, cx: &StepContext) -> Value {
        vm_result(cx)
    }
}
