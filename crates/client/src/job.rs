//! Jobs: starting one, and following it to its end.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use crate::error::ClientError;
use crate::request::Request;
use crate::session::Session;

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How long the manager may be away while a job is followed.
const AWAY: Duration = Duration::from_mins(1);

/// What an asynchronous command answers at once.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct JobHandle {
    /// The job.
    #[serde(rename = "jobid")]
    pub job: String,
    /// The id of what it makes, if it makes something.
    pub id: Option<String>,
}

/// How a job stands.
#[derive(Debug, Clone, Deserialize)]
pub struct JobView {
    /// 0 pending, 1 done, 2 failed, 3 cancelled.
    pub jobstatus: u8,
    /// 0, or the code of the error.
    #[serde(default)]
    pub jobresultcode: u16,
    /// What it made, or the error.
    #[serde(default)]
    pub jobresult: Value,
    /// Everything the manager said.
    #[serde(skip)]
    pub raw: Value,
}

impl JobView {
    /// Whether it ended, well or not.
    pub fn is_finished(&self) -> bool {
        self.jobstatus != 0
    }

    /// Its result.
    ///
    /// # Errors
    /// [`ClientError::Job`] when it failed or was cancelled.
    pub fn into_result(self, job: &str) -> Result<Value, ClientError> {
        if self.jobstatus == 1 && self.jobresultcode == 0 {
            return Ok(self.jobresult);
        }
        let text = self.jobresult.get("errortext").and_then(Value::as_str);
        let fallback = if self.jobstatus == 3 { "the job was cancelled" } else { "the job failed" };
        Err(ClientError::Job {
            job: job.to_owned(),
            code: self.jobresultcode,
            text: text.unwrap_or(fallback).to_owned(),
        })
    }
}

/// How long to wait for a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// Until it ends.
    Endless,
    /// At most so long.
    AtMost(Duration),
}

impl Session {
    /// Starts an asynchronous command and returns its job.
    ///
    /// # Errors
    /// See [`ClientError`]; nothing was started then.
    pub async fn start_job(&self, request: &Request) -> Result<JobHandle, ClientError> {
        let body = self.call(request).await?;
        serde_json::from_value(body)
            .map_err(|source| ClientError::Shape { command: request.command.clone(), source })
    }

    /// How a job stands now.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn job(&self, job: &str) -> Result<JobView, ClientError> {
        let request = Request::new("queryAsyncJobResult").with("jobid", job);
        let raw = self.call(&request).await?;
        let mut view: JobView = serde_json::from_value(raw.clone())
            .map_err(|source| ClientError::Shape { command: request.command, source })?;
        view.raw = raw;
        Ok(view)
    }

    /// Follows a job to its end, telling `progress` at each look, and returns `jobresult`.
    ///
    /// The looks are 0.2 s apart at first, 2 s later. A manager that is away for less than a minute is waited for:
    /// jobs outlive it.
    ///
    /// # Errors
    /// [`ClientError::Job`] when the job failed, [`ClientError::JobStillRunning`] when patience is over.
    pub async fn wait_job(
        &self,
        job: &str,
        patience: Patience,
        progress: &mut (dyn FnMut(&JobView) + Send),
    ) -> Result<Value, ClientError> {
        let started = Instant::now();
        let (mut pause, mut heard) = (FIRST_PAUSE, started);
        loop {
            match self.job(job).await {
                Ok(view) => {
                    heard = Instant::now();
                    progress(&view);
                    if view.is_finished() {
                        return view.into_result(job);
                    }
                }
                Err(error) if error.is_passing() && heard.elapsed() < AWAY => {}
                Err(error) => return Err(error),
            }
            if let Patience::AtMost(limit) = patience {
                let left = limit.saturating_sub(started.elapsed());
                if left.is_zero() {
                    let (job, waited) = (job.to_owned(), started.elapsed());
                    return Err(ClientError::JobStillRunning { job, waited });
                }
                pause = pause.min(left);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
        }
    }

    /// Starts an asynchronous command and follows it to its end.
    ///
    /// # Errors
    /// As [`Session::start_job`] and [`Session::wait_job`].
    pub async fn call_job(
        &self,
        request: &Request,
        patience: Patience,
        progress: &mut (dyn FnMut(&JobView) + Send),
    ) -> Result<Value, ClientError> {
        let handle = self.start_job(request).await?;
        self.wait_job(&handle.job, patience, progress).await
    }
}
