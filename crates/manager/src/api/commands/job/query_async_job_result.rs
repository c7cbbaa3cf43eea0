//! `queryAsyncJobResult`: how a job stands, and what came of it.

use hostler_model::{JobId, JobState, VmId};
use hostler_query_api::{Answer, RoleType, api_command};
use hostler_store::Page;
use hostler_store::job_view::{JobFilter, job_list};
use hostler_store::vm_change::vm_password_told;

use super::result::rendered;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::job::{JOB, job};

/// Commands that may draw a password for a guest.
const DRAWS: &[&str] =
    &["deployVirtualMachine", "resetPasswordForVirtualMachine", "restoreVirtualMachine"];

api_command! {
    /// Says how a job stands, and what came of it.
    pub(crate) struct QueryAsyncJobResult = "queryAsyncJobResult", synchronous .shape(&JOB);

    /// The job.
    jobid: required uuid<JobId>,
}

impl Handler for QueryAsyncJobResult {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let filter = JobFilter { id: Some(self.jobid), ..JobFilter::default() };
        let (sight, admin) = (call.identity.sight(), call.is_root());
        let found = call
            .read(move |tx| {
                let Some(view) = job_list(tx, &filter, &sight, Page::default())?.rows.pop() else {
                    return Ok(None);
                };
                let result = if view.state == JobState::Succeeded {
                    rendered(tx, &view, admin, DRAWS.contains(&view.api_command.as_str()))?
                } else {
                    serde_json::Value::Null
                };
                Ok(Some((view, result)))
            })
            .await?;
        let (view, result) = found.ok_or_else(|| call.unknown("jobid", self.jobid))?;
        if result["virtualmachine"].get("password").is_some() {
            let vm = VmId::new(view.subject);
            call.write(move |tx| Ok(vm_password_told(tx, vm)?)).await?;
        }
        let for_user = call.identity.role() == RoleType::User;
        Ok(Answer::flat(call.command, job(&view, result, for_user)))
    }
}
