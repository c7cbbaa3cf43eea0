//! How one job runs: step by step forward, and back again when a step fails for good.

use std::time::Duration;

use hostler_model::{JobId, JobState, StepState};
use hostler_store::StoreError;
use hostler_store::cause::Cause;
use hostler_store::job::{JobRow, job_fail, job_finish, job_remember, job_set_state, job_take};
use hostler_store::step::{StepRow, step_advance, step_set, steps_begin, steps_of};
use serde_json::Value;
use tracing::{Instrument, error, info, info_span, warn};

use super::{Done, Kept, StepContext, StepError, Workflow, crash_point};
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::orchestration;
use crate::settings::JOB_UNDO_ATTEMPTS;

/// How long a lease of a job lasts without being renewed.
pub(crate) const LEASE: Duration = Duration::from_mins(5);
/// How often a step is done again because someone else changed what it had read.
const RACES: u32 = 20;
/// The same for claims on hosts: many may want the best host at the same moment.
const CLAIM_RACES: u32 = 1000;

/// The workflow of a kind of job.
pub(super) fn workflow(kind: &str) -> Option<&'static dyn Workflow> {
    orchestration::WORKFLOWS.iter().copied().find(|workflow| workflow.kind() == kind)
}

/// Runs a job to its end, or until this manager may not go on with it.
pub(super) async fn run(app: &Context, id: JobId) {
    let span = info_span!("job", job = %id);
    async {
        crash_point("job", "turn", "queued");
        match take(app, id).await {
            Ok((job, steps, resumed)) => {
                let Some(workflow) = workflow(&job.kind) else { return };
                let kept = Kept::default();
                let mut run = Run { app, workflow, job, steps, resumed, kept };
                if let Err(e) = run.go().await {
                    error!(error = %e, "a job stops; it goes on when the manager starts again");
                }
            }
            Err(e) => warn!(error = %e, "a job is not run here"),
        }
    }
    .instrument(span)
    .await;
}

/// Takes the job under a new lease and begins its first step, in one transaction.
async fn take(app: &Context, id: JobId) -> Result<(JobRow, Vec<StepRow>, bool), StoreError> {
    let (manager, now) = (app.manager, app.now());
    app.store
        .write(move |tx| {
            let mut job = job_take(tx, id, manager, now, now.plus(LEASE))?;
            let fresh = job.is_fresh();
            let steps = if fresh { steps_begin(tx, id, now)? } else { steps_of(tx, id)? };
            if !fresh {
                // what it waited for, or whom it asked for help, is to be found out anew
                let state =
                    if is_going_back(&job, &steps) { JobState::Undoing } else { JobState::Running };
                job_set_state(tx, &job, state, None)?;
                job.state = state;
            }
            Ok((job, steps, !fresh))
        })
        .await
}

/// Whether its steps are being undone: it fails, or it begins again elsewhere.
fn is_going_back(job: &JobRow, steps: &[StepRow]) -> bool {
    job.error.is_some()
        || steps.iter().any(|step| step.state == StepState::Undoing)
        || is_beginning_again(job)
}

/// A job that is undone in order to begin again says so in its memory.
fn is_beginning_again(job: &JobRow) -> bool {
    job.memory.get("again").is_some()
}

struct Run<'a> {
    app: &'a Context,
    workflow: &'static dyn Workflow,
    job: JobRow,
    steps: Vec<StepRow>,
    /// Whether the step that is begun was begun by an earlier manager.
    resumed: bool,
    /// What its steps know of the record; forgotten as soon as anything goes another way than forward.
    kept: Kept,
}

/// What a pass over the steps led to.
enum Turn {
    Finished,
    Back,
    Forward,
}

impl Run<'_> {
    async fn go(&mut self) -> Result<(), StoreError> {
        let back = is_going_back(&self.job, &self.steps);
        let mut turn = if back { Turn::Back } else { Turn::Forward };
        loop {
            turn = match turn {
                Turn::Finished => return Ok(()),
                Turn::Forward => self.forward().await?,
                Turn::Back => self.back().await?,
            };
        }
    }

    fn context(&self, index: usize, undo: Option<u32>) -> StepContext {
        StepContext {
            app: self.app.clone(),
            job: self.job.clone(),
            position: self.steps[index].position,
            attempt: self.steps[index].attempt,
            resumed: self.resumed,
            undo,
            kept: self.kept.clone(),
        }
    }

    async fn forward(&mut self) -> Result<Turn, StoreError> {
        let mut races = 0;
        while let Some(index) = self.steps.iter().position(|s| s.state != StepState::Done) {
            let name = self.steps[index].name.clone();
            crash_point(self.workflow.kind(), &name, "begun");
            let cx = self.context(index, None);
            let span = info_span!("step", step = %name);
            let acted = self.workflow.act(&cx, &name).instrument(span).await;
            crash_point(self.workflow.kind(), &name, "acted");
            let recorded = match acted {
                Ok(done) => Ok(self.record_done(index, done, &cx).await),
                Err(error) => Err(error),
            };
            if !matches!(recorded, Ok(Ok(()))) {
                self.kept.forget();
            }
            match recorded {
                Ok(recorded) => match recorded {
                    Ok(()) => crash_point(self.workflow.kind(), &name, "recorded"),
                    // each lost race is somebody else's claim, so this ends; the bound is for what nobody foresaw
                    Err(StoreError::Raced(why)) if races < CLAIM_RACES => {
                        info!(why, "lost a race; planning again");
                        races += 1;
                    }
                    Err(StoreError::Exhausted(why)) if races < RACES => {
                        info!(why, "there is not enough by now; planning again");
                        races += 1;
                    }
                    Err(StoreError::Stale { what, .. }) if races < RACES => {
                        info!(what, "someone else was faster; reading again");
                        races += 1;
                    }
                    Err(e @ (StoreError::Closed | StoreError::Sqlite { .. })) => return Err(e),
                    Err(e) => return self.fail(index, ServiceError::from(e)).await,
                },
                Err(StepError::Fail(e)) => return self.fail(index, e).await,
                Err(StepError::Again { why, remember }) => {
                    return self.begin_again(index, &why, remember).await;
                }
            }
            self.resumed = self.resumed && self.steps[index].state != StepState::Done;
        }
        Ok(Turn::Finished)
    }

    /// Writes what a step does, that it is done, and that the next is begun or the job has succeeded.
    async fn record_done(
        &mut self,
        index: usize,
        done: Done,
        cx: &StepContext,
    ) -> Result<(), StoreError> {
        let (job, now) = (self.job.clone(), self.app.now());
        let position = i64::from(self.steps[index].position);
        let is_last = index + 1 == self.steps.len();
        let result = is_last.then(|| self.workflow.result(cx));
        let (commit, output, remember) = (done.commit, done.output, done.remember);
        let cause = cause(&self.job, &format!("step {}", self.steps[index].name));
        let remembered = remember.clone();
        self.app
            .store
            .write(move |tx| {
                tx.because(cause);
                commit(tx)?;
                if let Some(memory) = &remember {
                    job_remember(tx, &job, memory)?;
                }
                let next = if is_last { -2 } else { position + 1 };
                step_advance(tx, job.id, position, Some(&output), next, now)?;
                if is_last {
                    job_finish(tx, &job, JobState::Succeeded, result.as_ref(), now)?;
                }
                Ok::<_, StoreError>(())
            })
            .await?;
        if let Some(memory) = remembered {
            self.job.memory = memory;
        }
        self.steps[index].state = StepState::Done;
        if let Some(next) = self.steps.get_mut(index + 1) {
            next.state = StepState::Begun;
            next.attempt += 1;
        }
        Ok(())
    }

    async fn fail(&mut self, index: usize, why: ServiceError) -> Result<Turn, StoreError> {
        warn!(step = %self.steps[index].name, why = %why, "a step failed; undoing");
        let code = code_of(why.kind);
        let (job, text, now) = (self.job.clone(), why.text.clone(), self.app.now());
        let position = self.steps[index].position;
        self.app
            .store
            .write(move |tx| {
                job_fail(tx, &job, code, &text)?;
                step_set(tx, job.id, position, StepState::Undoing, Some(&text), now)
            })
            .await?;
        self.job.error = Some((code, why.text));
        self.job.state = JobState::Undoing;
        self.steps[index].state = StepState::Undoing;
        Ok(Turn::Back)
    }

    async fn begin_again(
        &mut self,
        index: usize,
        why: &str,
        mut memory: Value,
    ) -> Result<Turn, StoreError> {
        warn!(step = %self.steps[index].name, why, "a step failed; undoing and beginning again");
        if let Some(map) = memory.as_object_mut() {
            map.insert("again".to_owned(), Value::from(why));
        }
        let (job, now, text) = (self.job.clone(), self.app.now(), why.to_owned());
        let (position, remembered) = (self.steps[index].position, memory.clone());
        self.app
            .store
            .write(move |tx| {
                job_set_state(tx, &job, JobState::Undoing, Some(&text))?;
                job_remember(tx, &job, &remembered)?;
                step_set(tx, job.id, position, StepState::Undoing, Some(&text), now)
            })
            .await?;
        self.job.memory = memory;
        self.steps[index].state = StepState::Undoing;
        Ok(Turn::Back)
    }

    /// Undoes every step that may have done something, the last first.
    async fn back(&mut self) -> Result<Turn, StoreError> {
        for index in (0..self.steps.len()).rev() {
            if matches!(self.steps[index].state, StepState::Pending | StepState::Undone) {
                continue;
            }
            if !self.undo(index).await? {
                return Ok(Turn::Finished);
            }
        }
        if is_beginning_again(&self.job) && self.job.error.is_none() {
            return self.start_over().await;
        }
        self.finish_failed().await?;
        Ok(Turn::Finished)
    }

    /// Undoes one step, trying again with growing pauses. False: a person is needed.
    async fn undo(&mut self, index: usize) -> Result<bool, StoreError> {
        let name = self.steps[index].name.clone();
        let mut pause = Duration::from_millis(500);
        let attempts = self.app.settings.number(&JOB_UNDO_ATTEMPTS);
        let attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
        for attempt in 1..=attempts {
            let cx = self.context(index, Some(attempt));
            crash_point(self.workflow.kind(), &name, "undoing");
            let undone = self.workflow.undo(&cx, &name).await;
            crash_point(self.workflow.kind(), &name, "undone");
            let undone = match undone {
                Ok(undone) => {
                    let cause = cause(&self.job, &format!("undoing step {name}"));
                    let (job, position, now) =
                        (self.job.id, self.steps[index].position, self.app.now());
                    self.app
                        .store
                        .write(move |tx| {
                            tx.because(cause);
                            (undone.commit)(tx)?;
                            step_set(tx, job, position, StepState::Undone, None, now)
                        })
                        .await
                        .map_err(ServiceError::from)
                }
                Err(e) => Err(e),
            };
            match undone {
                Ok(()) => {
                    crash_point(self.workflow.kind(), &name, "taken_back");
                    self.steps[index].state = StepState::Undone;
                    return Ok(true);
                }
                Err(e) => {
                    warn!(step = %name, attempt, why = %e, "a step could not be undone");
                    if attempt == attempts {
                        self.ask_for_help(&name, &e.text).await?;
                        return Ok(false);
                    }
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(30));
                }
            }
        }
        Ok(false)
    }

    async fn ask_for_help(&mut self, step: &str, why: &str) -> Result<(), StoreError> {
        error!(step, why, "a job needs help");
        let (job, text) = (self.job.clone(), self.help(step, why));
        self.app
            .store
            .write(move |tx| job_set_state(tx, &job, JobState::NeedsHelp, Some(&text)))
            .await
    }

    /// What is wrong, and what a person can do.
    fn help(&self, step: &str, why: &str) -> String {
        let job = self.job.id;
        format!(
            "step {step} could not be undone: {why}; when that is mended, resumeJob (hostler job resume {job}) goes on"
        )
    }

    /// Everything is undone: the first step is begun again, as a new attempt.
    async fn start_over(&mut self) -> Result<Turn, StoreError> {
        let mut memory = self.job.memory.clone();
        if let Some(map) = memory.as_object_mut() {
            map.remove("again");
        }
        let (job, now, remembered) = (self.job.clone(), self.app.now(), memory.clone());
        let steps = self
            .app
            .store
            .write(move |tx| {
                for step in steps_of(tx, job.id)? {
                    step_set(tx, job.id, step.position, StepState::Pending, None, now)?;
                }
                job_remember(tx, &job, &remembered)?;
                job_set_state(tx, &job, JobState::Running, None)?;
                step_advance(tx, job.id, -1, None, 0, now)?;
                steps_of(tx, job.id)
            })
            .await?;
        (self.job.memory, self.job.state, self.steps) = (memory, JobState::Running, steps);
        self.resumed = false;
        Ok(Turn::Forward)
    }

    async fn finish_failed(&mut self) -> Result<(), StoreError> {
        let (_, why) = self.job.error.clone().unwrap_or((530, "called off".to_owned()));
        let cx = self.context(0, Some(1));
        let commit = match self.workflow.failed(&cx, &why).await {
            Ok(commit) => commit,
            Err(e) => return self.ask_for_help("the end", &e.text).await,
        };
        let (job, now) = (self.job.clone(), self.app.now());
        let cause = cause(&self.job, &format!("its failure: {why}"));
        let recorded = self.app.store.write(move |tx| {
            tx.because(cause);
            commit(tx)?;
            job_finish(tx, &job, JobState::Failed, None, now)
        });
        match recorded.await {
            Ok(()) => info!(why, "a job has failed; everything is undone"),
            Err(e @ (StoreError::Closed | StoreError::Sqlite { .. })) => return Err(e),
            // never in silence, whatever the record has become meanwhile
            Err(e) => self.ask_for_help("the end", &e.to_string()).await?,
        }
        Ok(())
    }
}

/// What the reason trail says of what a job writes.
fn cause(job: &JobRow, what: &str) -> Cause {
    let asked =
        if job.cause.is_empty() { String::new() } else { format!(", asked for by {}", job.cause) };
    let text = format!("job {} ({}), {what}{asked}", job.id, job.kind);
    Cause { text, user: Some(job.user), job: Some(job.id) }
}

/// The status that the API shows of a failed job.
pub(super) const fn code_of(kind: ServiceErrorKind) -> u16 {
    match kind {
        ServiceErrorKind::Parameter => 431,
        ServiceErrorKind::Denied => 531,
        ServiceErrorKind::Unsupported => 432,
        ServiceErrorKind::NoCapacity => 533,
        ServiceErrorKind::Unavailable => 534,
        ServiceErrorKind::Quota => 535,
        ServiceErrorKind::InUse => 536,
        ServiceErrorKind::Internal => 530,
    }
}
