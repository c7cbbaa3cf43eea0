//! Table `event`: what has happened, to what, and who says so. Rows are only added, and pruned by age.

use hostler_model::{AccountId, JobId, Timestamp, UserId};
use rusqlite::params;
use uuid::Uuid;

use crate::{StoreError, Tx};

/// Something that has happened.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// When.
    pub at: Timestamp,
    /// What, as CloudStack names it: `VM.CREATE`, `HOST.UP`, ...
    pub kind: &'static str,
    /// How bad: `INFO`, `WARN` or `ERROR`.
    pub level: &'static str,
    /// How far: `Scheduled`, `Started` or `Completed`.
    pub state: &'static str,
    /// For a person.
    pub description: String,
    /// Who says so: a user's request, a job's step, a host's report, a timer.
    pub cause: String,
    /// Whose it is.
    pub account: Option<AccountId>,
    /// Who asked for it.
    pub user: Option<UserId>,
    /// What it is about: kind and id, for instance `VirtualMachine`.
    pub subject: Option<(&'static str, Uuid)>,
    /// The job that brought it about.
    pub job: Option<JobId>,
}

/// Adds an event.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn event_add(tx: &Tx<'_>, event: &NewEvent) -> Result<(), StoreError> {
    tx.execute(
        "record an event",
        "INSERT INTO event (id, at, kind, level, state, description, cause, account, user, subject_kind, subject, job)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        params![
            Uuid::now_v7().to_string(),
            event.at.0,
            event.kind,
            event.level,
            event.state,
            event.description,
            event.cause,
            event.account.map(|id| id.to_string()),
            event.user.map(|id| id.to_string()),
            event.subject.map(|s| s.0),
            event.subject.map(|s| s.1.to_string()),
            event.job.map(|id| id.to_string()),
        ],
    )?;
    Ok(())
}

/// Removes events older than `before` and says how many.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn event_prune(tx: &Tx<'_>, before: Timestamp) -> Result<usize, StoreError> {
    tx.execute("remove old events", "DELETE FROM event WHERE at < ?1", params![before.0])
}
