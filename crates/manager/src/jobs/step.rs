//! What a step has at hand: the record, the agents, and ids of orders that stay the same over restarts.

use std::time::Duration;

use hostler_model::{CommandId, HostId, JobState};
use hostler_store::event::NewEvent;
use hostler_store::job::{JobRow, job_set_state};
use hostler_wire::{Call, CommandFailure, FailureKind};
use tracing::{info, warn};
use uuid::Uuid;

use super::Kept;
use super::engine::code_of;
use crate::agents::CallError;
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};

/// A step that is being done or undone.
#[derive(Debug, Clone)]
pub struct StepContext {
    /// The manager.
    pub app: Context,
    /// The job, as it is recorded.
    pub job: JobRow,
    /// The step's place in the job.
    pub position: u32,
    /// How often it was begun.
    pub attempt: u32,
    /// Whether it was begun before this manager took the job: its orders may have been sent.
    pub resumed: bool,
    /// Which try to undo it this is, from 1; nothing: it is being done.
    pub undo: Option<u32>,
    /// What the steps before it know of the record.
    pub kept: Kept,
}

/// The id of an order: the same whenever the same attempt of the same step gives it.
///
/// An agent runs an id once, so a manager that comes back can give its orders again.
pub fn order_id(job: Uuid, position: u32, attempt: u32, undoing: bool, label: &str) -> CommandId {
    let way = if undoing { "undo" } else { "act" };
    CommandId::new(Uuid::new_v5(&job, format!("{position}/{attempt}/{way}/{label}").as_bytes()))
}

impl StepContext {
    /// Has `host` carry out `command`, exactly once, and returns its answer.
    ///
    /// While the host is away the job waits for it, visibly. An answer that never comes is not guessed:
    /// the agent is asked what became of the order. `label` tells a step's orders apart.
    ///
    /// # Errors
    /// The agent's refusal.
    pub async fn call<C: Call + Clone>(
        &self,
        host: HostId,
        label: &str,
        command: C,
        wait: Duration,
    ) -> Result<C::Answer, CommandFailure> {
        let mut order = Order { host, label, again: 0, ask_first: self.resumed };
        loop {
            if !self.app.agents.is_connected(host) {
                self.wait_for(&format!("host {host} is not connected")).await;
                self.app.agents.watch(host).await;
                self.go_on().await;
            }
            let id = order.id(self);
            let agents = &self.app.agents;
            let settled = if order.ask_first {
                agents.settle(host, id, command.clone(), wait).await
            } else {
                agents.deliver(host, id, command.clone(), wait).await
            };
            match settled {
                Ok(answer) => return Ok(answer),
                Err(CallError::Refused(failure)) if is_open(&failure) => {
                    self.pause(&order, &failure.text).await;
                    (order.again, order.ask_first) = (order.again + 1, true);
                }
                Err(CallError::Refused(failure)) => return Err(failure),
                Err(
                    CallError::Unexpected(_)
                    | CallError::WrongOrders { .. }
                    | CallError::TooLong { .. },
                ) => {
                    let text = format!(
                        "host {host} and this manager do not understand each other; are their versions apart?"
                    );
                    return Err(CommandFailure { kind: FailureKind::Unsupported, text });
                }
                Err(unknown) => {
                    self.pause(&order, &unknown.to_string()).await;
                    order.ask_first = true;
                }
            }
        }
    }

    /// The outcome of an order is not known. Nothing is guessed: the agent is asked, after a moment.
    async fn pause(&self, order: &Order<'_>, why: &str) {
        warn!(job = %self.job.id, host = %order.host, order = order.label, why, "the outcome of an order is not known; asking");
        self.wait_for(why).await;
        let seconds = 1u64 << order.again.min(4);
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        self.go_on().await;
    }

    /// What has become of something that the job is at, as an event that is over.
    pub fn event(
        &self,
        kind: &'static str,
        level: &'static str,
        subject: (&'static str, Uuid),
        description: String,
    ) -> NewEvent {
        NewEvent {
            at: self.app.now(),
            kind,
            level,
            state: "Completed",
            description,
            cause: format!("job {}", self.job.id),
            account: Some(self.job.account),
            user: Some(self.job.user),
            subject: Some(subject),
            job: Some(self.job.id),
        }
    }

    /// Whether the job is being undone because of an error of this kind, or one with the same code.
    pub fn failed_with(&self, kind: ServiceErrorKind) -> bool {
        self.job.error.as_ref().is_some_and(|(code, _)| *code == code_of(kind))
    }

    /// Runs `work` in a transaction of its own, for a step whose commit must come before its order.
    ///
    /// # Errors
    /// What `work` returns.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&hostler_store::Tx<'_>) -> Result<T, hostler_store::StoreError>
        + Send
        + 'static,
    ) -> Result<T, ServiceError> {
        Ok(self.app.store.write(work).await?)
    }

    /// Reads the record.
    ///
    /// # Errors
    /// What `work` returns.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&hostler_store::Tx<'_>) -> Result<T, hostler_store::StoreError>
        + Send
        + 'static,
    ) -> Result<T, ServiceError> {
        Ok(self.app.store.read(work).await?)
    }

    /// Records that the job waits, and for what.
    pub(crate) async fn wait_for(&self, what: &str) {
        info!(job = %self.job.id, waiting_for = what, "a job waits");
        let (job, what) = (self.job.clone(), what.to_owned());
        let told =
            self.app.store.write(move |tx| job_set_state(tx, &job, JobState::Waiting, Some(&what)));
        if let Err(e) = told.await {
            warn!(job = %self.job.id, error = %e, "cannot record that a job waits");
        }
    }

    /// Records that the job goes on.
    pub(crate) async fn go_on(&self) {
        let state = if self.undo.is_some() { JobState::Undoing } else { JobState::Running };
        let job = self.job.clone();
        let told = self.app.store.write(move |tx| job_set_state(tx, &job, state, None));
        if let Err(e) = told.await {
            warn!(job = %self.job.id, error = %e, "cannot record that a job goes on");
        }
    }
}

/// An order that a step gives.
struct Order<'a> {
    host: HostId,
    label: &'a str,
    /// How often the host said that it cannot tell: each time the order is given anew.
    again: u32,
    ask_first: bool,
}

impl Order<'_> {
    fn id(&self, cx: &StepContext) -> CommandId {
        let mut label = self.label.to_owned();
        if self.again > 0 {
            label = format!("{label}#{}", self.again);
        }
        // A refusal is an agent's last word on an order. Trying to undo again is another order, also for a
        // manager that comes back: the lease tells its tries from those of the one before.
        if let Some(again) = cx.undo.filter(|again| *again > 1) {
            label = format!("{label}~{}.{again}", cx.job.lease);
        }
        order_id(cx.job.id.uuid(), cx.position, cx.attempt, cx.undo.is_some(), &label)
    }
}

/// Whether a failure leaves open what has happened, or what will: no step calls an order off, so one that was has met an
/// agent that was ending.
const fn is_open(failure: &CommandFailure) -> bool {
    matches!(
        failure.kind,
        FailureKind::TimedOut | FailureKind::Unavailable | FailureKind::Cancelled
    )
}

/// An agent's refusal as the failure of a job.
impl From<CommandFailure> for ServiceError {
    fn from(failure: CommandFailure) -> Self {
        use FailureKind as K;
        let kind = match failure.kind {
            K::NoCapacity => ServiceErrorKind::NoCapacity,
            K::InUse | K::Conflict => ServiceErrorKind::InUse,
            K::Unsupported => ServiceErrorKind::Unsupported,
            K::TimedOut | K::Unavailable => ServiceErrorKind::Unavailable,
            K::Failed | K::NotRun | K::Cancelled => ServiceErrorKind::Internal,
        };
        Self::new(kind, failure.text)
    }
}
