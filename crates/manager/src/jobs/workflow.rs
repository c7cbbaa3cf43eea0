//! What a workflow is: named steps, each with an act and an undo.

use async_trait::async_trait;
use hostler_store::{StoreError, Tx};
use serde_json::Value;

use super::StepContext;
use crate::error::{ServiceError, ServiceErrorKind};

/// What a step writes, in the same transaction in which it is recorded as done or undone.
pub type Commit = Box<dyn FnOnce(&Tx<'_>) -> Result<(), StoreError> + Send>;

/// A commit that writes nothing.
pub fn nothing() -> Commit {
    Box::new(|_| Ok(()))
}

/// A step that was done.
pub struct Done {
    /// What it writes.
    pub commit: Commit,
    /// What later steps need to know; nothing: as before.
    pub remember: Option<Value>,
    /// What it did, for people.
    pub output: String,
}

impl Done {
    /// A step that writes `commit`.
    pub fn writing(
        output: impl Into<String>,
        commit: impl FnOnce(&Tx<'_>) -> Result<(), StoreError> + Send + 'static,
    ) -> Self {
        Self { commit: Box::new(commit), remember: None, output: output.into() }
    }

    /// The same step, leaving `memory` for later ones.
    #[must_use]
    pub fn remembering(mut self, memory: Value) -> Self {
        self.remember = Some(memory);
        self
    }
}

/// A step that was undone, or had nothing to undo.
pub struct Undone {
    /// What it writes.
    pub commit: Commit,
}

/// Why a step was not done.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// It cannot be done. Everything is undone and the job fails with this.
    #[error(transparent)]
    Fail(#[from] ServiceError),
    /// It cannot be done this way. Everything is undone and the job begins again, knowing `remember`.
    #[error("{why}")]
    Again {
        /// Why, for people.
        why: String,
        /// What the next try must know.
        remember: Value,
    },
}

impl StepError {
    /// Fails the job.
    pub fn fail(kind: ServiceErrorKind, text: impl Into<String>) -> Self {
        Self::Fail(ServiceError::new(kind, text))
    }
}

impl From<StoreError> for StepError {
    fn from(error: StoreError) -> Self {
        Self::Fail(error.into())
    }
}

/// An operation in named steps.
///
/// An act and an undo are idempotent: after a crash they run again from their beginning, and "already
/// done" and "already gone" are successes. They decide from the record and from answers, never from time.
#[async_trait]
pub trait Workflow: Send + Sync {
    /// Its name in the journal.
    fn kind(&self) -> &'static str;

    /// The names of its steps. What cannot be undone comes last.
    fn steps(&self) -> &'static [&'static str];

    /// Does a step.
    async fn act(&self, cx: &StepContext, step: &str) -> Result<Done, StepError>;

    /// Undoes a step that may have been done wholly, partly or not at all.
    ///
    /// # Errors
    /// It is tried again, with growing pauses, and then waits for a person.
    async fn undo(&self, cx: &StepContext, step: &str) -> Result<Undone, ServiceError>;

    /// What is written when the job has succeeded: the value that the API shows of it.
    fn result(&self, cx: &StepContext) -> Value;

    /// What is written when the job has failed and everything is undone.
    ///
    /// # Errors
    /// [`ServiceError`] if the record cannot be read.
    async fn failed(&self, cx: &StepContext, why: &str) -> Result<Commit, ServiceError> {
        let _ = (cx, why);
        Ok(nothing())
    }
}
