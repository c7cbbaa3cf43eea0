//! Commands about jobs.

use super::{Entry, known};

mod cancel_job;
mod list_async_jobs;
mod list_job_steps;
mod query_async_job_result;
pub(crate) mod result;
mod resume_job;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<cancel_job::CancelJob>(),
    known::<list_async_jobs::ListAsyncJobs>(),
    known::<list_job_steps::ListJobSteps>(),
    known::<query_async_job_result::QueryAsyncJobResult>(),
    known::<resume_job::ResumeJob>(),
];
