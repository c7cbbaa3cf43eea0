//! `vm.scale`: a stopped VM gets another size. One step, all of it in the record.

use std::collections::BTreeMap;

use async_trait::async_trait;
use hostler_model::{JobId, ServiceOfferingId, VmId};
use hostler_store::event::event_add;
use hostler_store::limit;
use hostler_store::vm::vm_get;
use hostler_store::vm_change::{size_rule, vm_resize};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{change, requests, size, step_event, vm_of, vm_result};
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::{Done, StepContext, StepError, Undone, Workflow, nothing};
use crate::orchestration::Caller;

/// See the file's description.
#[derive(Debug)]
pub struct ScaleVm;

const STEPS: &[&str] = &["resize"];

#[derive(Debug, Serialize, Deserialize)]
struct Input {
    offering: ServiceOfferingId,
    details: BTreeMap<String, String>,
}

/// Has a stopped VM get another size.
///
/// # Errors
/// [`ServiceError`] if it is not stopped, or the size is not within the offering's bounds.
pub async fn scale(
    app: &Context,
    caller: &Caller,
    id: VmId,
    offering: ServiceOfferingId,
    details: BTreeMap<String, String>,
) -> Result<JobId, ServiceError> {
    let vm = requests::vm_for(app, caller, id).await?;
    change::must_be_stopped(&vm, "given another size")?;
    change::must_not_be_adopted(&vm, "given another size")?;
    let mut wanted = details.clone();
    let rule = app.store.read(move |tx| size_rule(tx, offering)).await?;
    size::chosen(&rule, &mut wanted)?;
    let ask = requests::Ask {
        api_command: "scaleVirtualMachine",
        event: "VM.UPGRADE",
        verb: "given another size",
        kind: "vm.scale",
        steps: STEPS,
        input: json!(Input { offering, details }),
    };
    requests::ask(app, caller, &vm, ask).await
}

#[async_trait]
impl Workflow for ScaleVm {
    fn kind(&self) -> &'static str {
        "vm.scale"
    }

    fn steps(&self) -> &'static [&'static str] {
        STEPS
    }

    async fn act(&self, cx: &StepContext, _step: &str) -> Result<Done, StepError> {
        let input: Input = serde_json::from_value(cx.job.input.clone())
            .map_err(|e| StepError::fail(ServiceErrorKind::Internal, e.to_string()))?;
        let (vm, now, offering) = (vm_of(cx), cx.app.now(), input.offering);
        let (row, rule) =
            cx.read(move |tx| Ok((vm_get(tx, vm)?, size_rule(tx, offering)?))).await?;
        change::must_be_stopped(&row, "given another size")?;
        let mut details = input.details;
        let own = size::chosen(&rule, &mut details)?;
        let event =
            step_event(cx, "VM.UPGRADE", "INFO", format!("{} has another size", row.instance_name));
        let (limits, owner) = (cx.app.settings.limits(), row.account);
        Ok(Done::writing("the record has the new size", move |tx| {
            limit::claim_growth(tx, &limits, owner, change::OF_SIZE, || {
                vm_resize(tx, vm, offering, own, now)
            })?;
            event_add(tx, &event)
        }))
    }

    async fn undo(&self, _cx: &StepContext, _step: &str) -> Result<Undone, ServiceError> {
        Ok(Undone { commit: nothing() })
    }

    /// The VM, as clients expect it, though the contract has plain success.
    fn result(&self, cx: &StepContext) -> Value {
        vm_result(cx)
    }
}
