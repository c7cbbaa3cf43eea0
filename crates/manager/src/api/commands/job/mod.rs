//! Commands about jobs.

pub mod list_async_jobs;
pub mod list_job_steps;
pub mod query_async_job_result;
pub mod result;
