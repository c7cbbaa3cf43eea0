//! `vm.reboot`: restarts the guest in its libvirt domain. One step; nothing to undo.

use std::time::Duration;

use async_trait::async_trait;
use hostler_model::VmState;
use hostler_store::event::event_add;
use hostler_store::run::run_get;
use hostler_store::vm::vm_get;
use hostler_wire::RebootCommand;
use serde_json::Value;

use super::stop::Input;
use super::{step_event, vm_of, vm_result};
use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::{Done, StepContext, StepError, Undone, Workflow, nothing};

/// See the file's description.
#[derive(Debug)]
pub struct RebootVm;

/// Names of the steps.
pub(super) const STEPS: &[&str] = &["reboot"];

#[async_trait]
impl Workflow for RebootVm {
    fn kind(&self) -> &'static str {
        "vm.reboot"
    }

    fn steps(&self) -> &'static [&'static str] {
        STEPS
    }

    async fn act(&self, cx: &StepContext, _step: &str) -> Result<Done, StepError> {
        let vm = vm_of(cx);
        let input: Input = serde_json::from_value(cx.job.input.clone()).unwrap_or_default();
        let (row, run) = cx
            .read(move |tx| {
                let row = vm_get(tx, vm)?;
                let run = row.run.map(|run| run_get(tx, run)).transpose()?;
                Ok((row, run))
            })
            .await?;
        let (VmState::Running, Some(run)) = (row.state, run) else {
            let text = format!(
                "{} is {}; only a running VM can be rebooted",
                row.instance_name, row.state
            );
            return Err(StepError::fail(ServiceErrorKind::Unsupported, text));
        };
        let command =
            RebootCommand { vm, run: run.id, name: row.instance_name.clone(), force: input.forced };
        cx.call(run.host, "reboot", command, Duration::from_mins(2))
            .await
            .map_err(ServiceError::from)?;
        let text = format!("{} was rebooted", row.instance_name);
        let event = step_event(cx, "VM.REBOOT", "INFO", text.clone());
        Ok(Done::writing(text, move |tx| event_add(tx, &event)))
    }

    async fn undo(&self, _cx: &StepContext, _step: &str) -> Result<Undone, ServiceError> {
        Ok(Undone { commit: nothing() })
    }

    fn result(&self, cx: &StepContext) -> Value {
        vm_result(cx)
    }
}
