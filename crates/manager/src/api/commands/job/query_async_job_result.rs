//! `queryAsyncJobResult`: how a job stands, and what came of it.

use hostler_model::{JobId, JobState};
use hostler_query_api::{Answer, RoleType, api_command};
use hostler_store::Page;
use hostler_store::job_view::{JobFilter, job_list};

use super::result::rendered;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::job::{JOB, job};

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
                    rendered(tx, &view, admin)?
                } else {
                    serde_json::Value::Null
                };
                Ok(Some((view, result)))
            })
            .await?;
        let (view, result) = found.ok_or_else(|| call.unknown("jobid", self.jobid))?;
        let for_user = call.identity.role() == RoleType::User;
        Ok(Answer::flat(call.command, job(&view, result, for_user)))
    }
}
