//! Commands about jobs.

pub(crate) mod list_async_jobs;
pub(crate) mod list_job_steps;
pub(crate) mod query_async_job_result;
pub(crate) mod result;
