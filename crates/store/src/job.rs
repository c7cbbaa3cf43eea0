//! Table `job`: asynchronous operations. A job and its steps are a journal: what is written here is enough
//! to go on after a crash.
//!
//! Every write of a running job names the lease under which it runs, so that a manager that has lost the
//! job cannot write to it any more.

use hostler_model::{AccountId, JobId, JobState, Timestamp, UserId};
use rusqlite::{Row, params};
use serde_json::Value;
use uuid::Uuid;

use crate::columns::{json, parsed, stored};
use crate::{StoreError, Tx};

/// A job that is to be recorded, with the names of its steps.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Its id.
    pub id: JobId,
    /// The workflow.
    pub kind: &'static str,
    /// The API command that asked for it.
    pub api_command: String,
    /// Whose it is.
    pub account: AccountId,
    /// Who asked.
    pub user: UserId,
    /// What it works on: jobs on one subject take turns.
    pub subject: (&'static str, Uuid),
    /// What it needs to know.
    pub input: Value,
    /// The names of its steps.
    pub steps: &'static [&'static str],
}

/// A job as it is recorded, as far as running it needs.
#[derive(Debug, Clone)]
pub struct JobRow {
    /// Its id.
    pub id: JobId,
    /// The workflow.
    pub kind: String,
    /// Whose it is.
    pub account: AccountId,
    /// Who asked.
    pub user: UserId,
    /// What it works on.
    pub subject: Uuid,
    /// Where it is in its life.
    pub state: JobState,
    /// What asked for it, in words; empty: nobody said.
    pub cause: String,
    /// What it needs to know.
    pub input: Value,
    /// What its steps leave for later steps.
    pub memory: Value,
    /// The lease under which it was last taken.
    pub lease: i64,
    /// Why it failed, once that is certain: code and text. It may still be undoing.
    pub error: Option<(u16, String)>,
}

impl JobRow {
    /// Whether nobody has taken it before: none of its steps is begun.
    pub const fn is_fresh(&self) -> bool {
        self.lease == 1
    }
}

fn read_job(row: &Row<'_>) -> rusqlite::Result<JobRow> {
    let code: Option<u16> = row.get("error_code")?;
    let text: Option<String> = row.get("error_text")?;
    Ok(JobRow {
        id: parsed(row, "id")?,
        kind: row.get("kind")?,
        account: parsed(row, "account")?,
        user: parsed(row, "user")?,
        subject: parsed(row, "subject")?,
        state: parsed(row, "state")?,
        cause: row.get("cause")?,
        input: json(row, "input")?,
        memory: json(row, "memory")?,
        lease: row.get("lease")?,
        error: code.map(|code| (code, text.unwrap_or_default())),
    })
}

/// Records a job and its steps, waiting for its turn.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn job_add(tx: &Tx<'_>, job: &NewJob, now: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "record a job",
        "INSERT INTO job (id, kind, api_command, account, user, subject_kind, subject, state, input, created,
             cause)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'Queued', ?8, ?9, ?10)",
        params![
            job.id.to_string(),
            job.kind,
            job.api_command,
            job.account.to_string(),
            job.user.to_string(),
            job.subject.0,
            job.subject.1.to_string(),
            job.input.to_string(),
            now.0,
            tx.cause().text,
        ],
    )?;
    let names = serde_json::to_string(job.steps).unwrap_or_default();
    tx.execute(
        "record the steps of a job",
        "INSERT INTO step (job, position, name, state)
         SELECT ?1, key, value, 'Pending' FROM json_each(?2)",
        params![job.id.to_string(), names],
    )?;
    Ok(())
}

/// Records a job that is over as soon as it is asked for: it had nothing to wait for.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn job_add_done(
    tx: &Tx<'_>,
    job: &NewJob,
    result: &Value,
    now: Timestamp,
) -> Result<(), StoreError> {
    job_add(tx, job, now)?;
    tx.execute(
        "end a job",
        "UPDATE job SET state = 'Succeeded', result = ?2, started = ?3, finished = ?3 WHERE id = ?1",
        params![job.id.to_string(), result.to_string(), now.0],
    )?;
    Ok(())
}

const JOB_COLUMNS: &str =
    "id, kind, account, user, subject, state, input, memory, lease, error_code, error_text, cause";

/// The jobs that are not finished, oldest first.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn jobs_open(tx: &Tx<'_>) -> Result<Vec<JobRow>, StoreError> {
    let sql = format!("SELECT {JOB_COLUMNS} FROM job WHERE finished IS NULL ORDER BY number");
    tx.rows("read the open jobs", &sql, &[], read_job)
}

/// Whether a job on this thing is not finished: it runs, waits, or needs help.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn job_is_open_on(tx: &Tx<'_>, subject: Uuid) -> Result<bool, StoreError> {
    let sql = "SELECT 1 AS one FROM job WHERE subject = ?1 AND finished IS NULL LIMIT 1";
    let found =
        tx.row("look for a job on a thing", sql, params![subject.to_string()], |_| Ok(()))?;
    Ok(found.is_some())
}

/// Takes a job for this manager until `until`, under a new lease, and reads it. One that was queued is running.
///
/// # Errors
/// [`StoreError::Taken`] if another manager's lease still runs, or the job is finished.
pub fn job_take(
    tx: &Tx<'_>,
    id: JobId,
    manager: u64,
    now: Timestamp,
    until: Timestamp,
) -> Result<JobRow, StoreError> {
    let sql = format!(
        "UPDATE job SET owner = ?2, lease = lease + 1, lease_until = ?4, started = coalesce(started, ?3),
             state = CASE state WHEN 'Queued' THEN 'Running' ELSE state END
         WHERE id = ?1 AND finished IS NULL AND (owner IS NULL OR owner = ?2 OR lease_until < ?3)
         RETURNING {JOB_COLUMNS}"
    );
    tx.row("take a job", &sql, params![id.to_string(), stored(manager), now.0, until.0], read_job)?
        .ok_or_else(|| StoreError::Taken(format!("job {id} is finished or run by another manager")))
}

/// Prolongs this manager's leases.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn jobs_renew(tx: &Tx<'_>, manager: u64, until: Timestamp) -> Result<usize, StoreError> {
    tx.execute(
        "renew the leases of jobs",
        "UPDATE job SET lease_until = ?2 WHERE owner = ?1 AND finished IS NULL",
        params![stored(manager), until.0],
    )
}

fn fenced(changed: usize, id: JobId) -> Result<(), StoreError> {
    if changed == 0 {
        return Err(StoreError::Taken(format!("job {id} is no longer run by this manager")));
    }
    Ok(())
}

/// Records that a job is in `state`, and why it does not go on, if it does not.
///
/// # Errors
/// [`StoreError::Taken`] if the lease is lost.
pub fn job_set_state(
    tx: &Tx<'_>,
    job: &JobRow,
    state: JobState,
    waiting_for: Option<&str>,
) -> Result<(), StoreError> {
    let changed = tx.execute(
        "record a job's state",
        "UPDATE job SET state = ?3, waiting_for = ?4 WHERE id = ?1 AND lease = ?2 AND finished IS NULL",
        params![job.id.to_string(), job.lease, state.as_str(), waiting_for],
    )?;
    fenced(changed, job.id)
}

/// Records what a job's steps leave for later steps.
///
/// # Errors
/// [`StoreError::Taken`] if the lease is lost.
pub fn job_remember(tx: &Tx<'_>, job: &JobRow, memory: &Value) -> Result<(), StoreError> {
    let changed = tx.execute(
        "record what a job remembers",
        "UPDATE job SET memory = ?3 WHERE id = ?1 AND lease = ?2 AND finished IS NULL",
        params![job.id.to_string(), job.lease, memory.to_string()],
    )?;
    fenced(changed, job.id)
}

/// Records why a job fails; it goes on with undoing.
///
/// # Errors
/// [`StoreError::Taken`] if the lease is lost.
pub fn job_fail(tx: &Tx<'_>, job: &JobRow, code: u16, text: &str) -> Result<(), StoreError> {
    let changed = tx.execute(
        "record why a job fails",
        "UPDATE job SET state = 'Undoing', error_code = ?3, error_text = ?4, waiting_for = NULL
         WHERE id = ?1 AND lease = ?2 AND finished IS NULL",
        params![job.id.to_string(), job.lease, code, text],
    )?;
    fenced(changed, job.id)
}

/// Ends a job.
///
/// # Errors
/// [`StoreError::Taken`] if the lease is lost.
pub fn job_finish(
    tx: &Tx<'_>,
    job: &JobRow,
    state: JobState,
    result: Option<&Value>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let changed = tx.execute(
        "end a job",
        "UPDATE job SET state = ?3, result = ?4, finished = ?5, waiting_for = NULL
         WHERE id = ?1 AND lease = ?2 AND finished IS NULL",
        params![job.id.to_string(), job.lease, state.as_str(), result.map(Value::to_string), now.0],
    )?;
    fenced(changed, job.id)
}

/// Removes jobs that were finished before `before`, with their steps, and says how many.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn job_prune(tx: &Tx<'_>, before: Timestamp) -> Result<usize, StoreError> {
    tx.execute(
        "remove old jobs",
        "DELETE FROM job WHERE finished IS NOT NULL AND finished < ?1",
        params![before.0],
    )
}

/// Where a job is in its life and, if it fails, why: status of the API and text.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn job_state(tx: &Tx<'_>, id: JobId) -> Result<(JobState, Option<(u16, String)>), StoreError> {
    let sql = format!("SELECT {JOB_COLUMNS} FROM job WHERE id = ?1");
    tx.row("read a job", &sql, params![id.to_string()], read_job)?
        .map(|job| (job.state, job.error))
        .ok_or_else(|| StoreError::NotFound { what: "job", id: id.to_string() })
}

/// Calls a job off that nobody has begun. Says whether there was one.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn job_cancel_queued(tx: &Tx<'_>, id: JobId, now: Timestamp) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "call a job off",
        "UPDATE job SET state = 'Cancelled', finished = ?2, error_code = 530,
             error_text = 'the job was called off before it began'
         WHERE id = ?1 AND state = 'Queued' AND lease = 0 AND finished IS NULL",
        params![id.to_string(), now.0],
    )?;
    Ok(changed > 0)
}
