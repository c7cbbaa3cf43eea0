//! `listJobSteps`: the journal of a job. A command of our own.

use hostler_model::JobId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;
use hostler_store::step::steps_of;

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
        let steps = call.read(move |tx| Ok(steps_of(tx, job)?)).await?;
        Ok(Answer::list(call.command, steps.len(), steps.iter().map(step).collect()))
    }
}
