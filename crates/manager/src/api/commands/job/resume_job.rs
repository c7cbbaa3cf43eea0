//! `resumeJob`: has a job that needs help go on. A command of our own.

use hostler_model::{JobId, JobState};
use hostler_query_api::{Answer, api_command};
use hostler_store::job_view::{JobFilter, job_list};
use hostler_store::reference::Entity;
use hostler_store::{Page, Scope};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Has a job go on that could not be undone and waits for help: what is left to undo is tried again.
    pub(crate) struct ResumeJob = "resumeJob", synchronous;

    /// The job.
    jobid: required uuid<JobId>,
}

impl Handler for ResumeJob {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let id = self.jobid;
        call.require(vec![("jobid", Entity::Job, id.uuid())]).await?;
        let event = call.event("JOB.RESUME").about("Job", id.uuid());
        let subject = call
            .write(move |tx| {
                let filter = JobFilter { id: Some(id), ..JobFilter::default() };
                let job = job_list(tx, &filter, &Scope::All, Page::default())?.rows.pop();
                let Some(job) = job.filter(|job| job.state == JobState::NeedsHelp) else {
                    return Err(Failure::invalid(
                        "parameter jobid: the job does not wait for help; listJobSteps shows where it is",
                    ));
                };
                event.record(tx, format!("job {id} is to go on"))?;
                Ok(job.subject)
            })
            .await?;
        call.context.jobs.run(call.context, subject, id);
        Ok(call.success())
    }
}
