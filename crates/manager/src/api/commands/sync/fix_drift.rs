//! `fixDrift`: does the repairs that `listDrift` proposes. A command of our own.

use hostler_model::VmId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::drift::drift_rows;
use serde_json::Value;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::sync::{DRIFT, drift};
use crate::orchestration::drift::{Repair, differences, fix};
use crate::settings::VM_MISSING_GRACE;

api_command! {
    /// Does the repairs that listDrift proposes, by the same jobs as everybody else's, and answers with what was
    /// different. What is not proven, or a person has to decide about, stays as it is. A VM whose root volume is gone
    /// is expunged if it is the one that is named.
    pub(crate) struct FixDrift = "fixDrift", synchronous
        .roles(Roles::ADMIN).object("drift").shape(&DRIFT);

    /// Only of this VM.
    virtualmachineid: optional uuid<VmId>,
}

impl Handler for FixDrift {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let vm = self.virtualmachineid;
        let lacking = call.context.lacking.all();
        let rows = call.read(move |tx| Ok(drift_rows(tx, vm, &lacking)?)).await?;
        let all = differences(rows, call.context.settings.duration(&VM_MISSING_GRACE));
        let mut fixed: Vec<Value> = Vec::new();
        for one in all.iter().filter(|one| one.difference.is_some()) {
            // what is gone for good is only removed of a VM that somebody has named
            let is_to_stay = one.repair == Repair::Expunge && vm.is_none();
            let job = if is_to_stay { None } else { fix(call.context, call.caller(), one).await? };
            let mut shown = drift(one);
            if let Some(job) = job {
                shown["jobid"] = job.to_string().into();
            }
            fixed.push(shown);
        }
        Ok(Answer::list(call.command, fixed.len(), fixed))
    }
}
