//! `cancelJob`: calls a job off that waits for its turn. A command of our own.

use hostler_model::JobId;
use hostler_query_api::{Answer, api_command};
use hostler_store::job::job_cancel_queued;
use hostler_store::job_view::{JobFilter, job_list};
use hostler_store::reference::Entity;
use hostler_store::{Page, Scope};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Calls a job on a VM off that still waits for its turn; one that has begun goes on to its end.
    pub(crate) struct CancelJob = "cancelJob", synchronous;

    /// The job.
    jobid: required uuid<JobId>,
}

impl Handler for CancelJob {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("jobid", Entity::Job, self.jobid.uuid())]).await?;
        let (id, now) = (self.jobid, call.now());
        let event = call.event("JOB.CANCEL");
        call.write(move |tx| {
            let filter = JobFilter { id: Some(id), ..JobFilter::default() };
            let job = job_list(tx, &filter, &Scope::All, Page::default())?.rows.pop();
            // what other jobs leave half made when they never begin is theirs to say
            let kind = job.as_ref().map_or("", |job| job.subject_kind.as_str());
            let first = job.as_ref().is_some_and(|job| job.api_command == "deployVirtualMachine");
            if kind != "VirtualMachine" || first || !job_cancel_queued(tx, id, now)? {
                return Err(Failure::invalid(
                    "jobid: only a job on a VM that still waits for its turn can be called off, and no deployment",
                ));
            }
            event.about("Job", id.uuid()).record(tx, format!("job {id} was called off"))
        })
        .await?;
        Ok(call.success())
    }
}
