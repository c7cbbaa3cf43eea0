//! `queryAsyncJobResult`: how a job stands, and what came of it.

use hostler_model::{JobId, JobState, VmId};
use hostler_query_api::{Answer, ApiCommand, ApiError, RoleType, api_command};
use hostler_store::Page;
use hostler_store::job_view::{JobFilter, job_list};
use hostler_store::vm_change::vm_password_told;
use uuid::Uuid;

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

    /// The job; or the thing of which the newest one is meant.
    jobid: optional uuid<JobId>,
    /// In place of jobid: the thing that the job is about.
    resourceid: optional uuid<Uuid>,
    /// With resourceid: what kind of thing it is, such as VirtualMachine.
    resourcetype: optional string,
}

impl Handler for QueryAsyncJobResult {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (param, wanted) = self.named()?;
        let filter = JobFilter {
            id: self.jobid,
            subject: self.resourceid,
            subject_kind: self.resourcetype,
            ..JobFilter::default()
        };
        let (sight, admin) = (call.identity.sight(), call.is_root());
        let found = call
            .read(move |tx| {
                let newest = Page { offset: 0, limit: Some(1) };
                let Some(view) = job_list(tx, &filter, &sight, newest)?.rows.pop() else {
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
        let (view, result) = found.ok_or_else(|| call.unknown(param, wanted))?;
        if result["virtualmachine"].get("password").is_some() {
            let vm = VmId::new(view.subject);
            call.write(move |tx| Ok(vm_password_told(tx, vm)?)).await?;
        }
        let for_user = call.identity.role() == RoleType::User;
        Ok(Answer::flat(call.command, job(&view, result, for_user)))
    }
}

impl QueryAsyncJobResult {
    /// What names the job, with the parameter's name.
    fn named(&self) -> Result<(&'static str, Uuid), Failure> {
        match (self.jobid, self.resourceid, &self.resourcetype) {
            (Some(job), ..) => Ok(("jobid", job.uuid())),
            (None, Some(thing), Some(_)) => Ok(("resourceid", thing)),
            (None, Some(_), None) => Err(Failure::invalid(
                "resourcetype: say what kind of thing resourceid is, such as VirtualMachine",
            )),
            (None, None, _) => Err(Failure(ApiError::missing(Self::declaration().name, "jobid"))),
        }
    }
}
