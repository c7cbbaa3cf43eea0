//! Turns: jobs on one subject run one after the other, in the order of their numbers.

use std::collections::{HashMap, VecDeque};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use hostler_model::{JobId, JobState};
use hostler_store::StoreError;
use hostler_store::job::{job_state, jobs_open};
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};
use uuid::Uuid;

use super::engine;
use crate::context::Context;

/// The jobs of this manager. Cloning it is cheap.
#[derive(Debug, Clone, Default)]
pub struct Jobs {
    lanes: Arc<Mutex<HashMap<Uuid, VecDeque<JobId>>>>,
    running: TaskTracker,
    /// Told whenever a job is no longer run.
    ends: Arc<Notify>,
}

impl Jobs {
    /// Runs a job that has been recorded, when it is its turn.
    pub fn run(&self, app: &Context, subject: Uuid, job: JobId) {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waiting) = lanes.get_mut(&subject) {
            waiting.push_back(job);
            return;
        }
        lanes.insert(subject, VecDeque::new());
        drop(lanes);
        let (jobs, app) = (self.clone(), app.clone());
        self.running.spawn(async move {
            let mut next = Some(job);
            while let Some(job) = next {
                engine::run(&app, job).await;
                jobs.ends.notify_waiters();
                next = jobs.next_of(subject);
            }
        });
    }

    /// Waits until a job has ended or needs help: its state and, if it failed, status and text of why.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such job.
    pub async fn ended(
        &self,
        app: &Context,
        job: JobId,
    ) -> Result<(JobState, Option<(u16, String)>), StoreError> {
        loop {
            let mut next = pin!(self.ends.notified());
            next.as_mut().enable();
            let (state, error) = app.store.read(move |tx| job_state(tx, job)).await?;
            if state.is_final() || state == JobState::NeedsHelp {
                return Ok((state, error));
            }
            next.await;
        }
    }

    fn next_of(&self, subject: Uuid) -> Option<JobId> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let next = lanes.get_mut(&subject).and_then(VecDeque::pop_front);
        if next.is_none() {
            lanes.remove(&subject);
        }
        next
    }

    /// Whether a job on `subject` runs or waits for its turn.
    pub fn is_busy(&self, subject: Uuid) -> bool {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&subject)
    }

    /// Goes on with every job that an earlier manager left, and says how many there are.
    ///
    /// # Errors
    /// [`StoreError`] if the journal cannot be read.
    pub async fn resume(&self, app: &Context) -> Result<usize, StoreError> {
        let open = app.store.read(jobs_open).await?;
        for job in &open {
            if engine::workflow(&job.kind).is_none() {
                warn!(job = %job.id, kind = job.kind, "no workflow of this kind; was the manager downgraded?");
                continue;
            }
            info!(job = %job.id, kind = job.kind, state = %job.state, "going on with a job");
            self.run(app, job.subject, job.id);
        }
        Ok(open.len())
    }
}
