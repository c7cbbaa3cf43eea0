//! `listJobSteps`: the journal of a job. A command of our own.

use hostler_model::JobId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::job_view::{JobFilter, job_list};
use hostler_store::reference::Entity;
use hostler_store::step::steps_of;
use hostler_store::{Page, Scope};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::job::{STEP, step};

api_command! {
    /// Lists the steps of a job, with their states, times and errors.
    pub(crate) struct ListJobSteps = "listJobSteps", synchronous
        .roles(Roles::ADMINS).object("jobstep").shape(&STEP);

    /// The job.
    jobid: required uuid<JobId>,
}

impl Handler for ListJobSteps {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("jobid", Entity::Job, self.jobid.uuid())]).await?;
        let job = self.jobid;
        let (steps, waiting_for) = call
            .read(move |tx| {
                let filter = JobFilter { id: Some(job), ..JobFilter::default() };
                let view = job_list(tx, &filter, &Scope::All, Page::default())?.rows.pop();
                Ok((steps_of(tx, job)?, view.and_then(|view| view.waiting_for)))
            })
            .await?;
        let waiting_for = waiting_for.as_deref();
        let rows = steps.iter().map(|row| step(row, waiting_for)).collect();
        Ok(Answer::list(call.command, steps.len(), rows))
    }
}
