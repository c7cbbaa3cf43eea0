//! `vm.record`: a deployment with `startvm=false`. The VM is recorded and stays Stopped.

use async_trait::async_trait;
use serde_json::Value;

use super::vm_result;
use crate::error::ServiceError;
use crate::jobs::{Done, StepContext, StepError, Undone, Workflow, nothing};

/// See the file's description.
#[derive(Debug)]
pub struct RecordVm;

/// Names of the steps.
pub(super) const STEPS: &[&str] = &["record"];

#[async_trait]
impl Workflow for RecordVm {
    fn kind(&self) -> &'static str {
        "vm.record"
    }

    fn steps(&self) -> &'static [&'static str] {
        STEPS
    }

    async fn act(&self, _cx: &StepContext, _step: &str) -> Result<Done, StepError> {
        Ok(Done::writing("it is recorded and was not asked to start", |_| Ok(())))
    }

    async fn undo(&self, _cx: &StepContext, _step: &str) -> Result<Undone, ServiceError> {
        Ok(Undone { commit: nothing() })
    }

    fn result(&self, cx: &StepContext) -> Value {
        vm_result(cx)
    }
}
