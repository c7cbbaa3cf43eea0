//! Table `step`: what a job does, one after the other, and how far each got.

use hostler_model::{JobId, StepState, Timestamp};
use rusqlite::{Row, params};

use crate::columns::{parsed, time_or_null};
use crate::{StoreError, Tx};

/// A step as it is recorded.
#[derive(Debug, Clone)]
pub struct StepRow {
    /// Its place in the job, from 0.
    pub position: u32,
    /// Its name.
    pub name: String,
    /// How far it is.
    pub state: StepState,
    /// How often it was begun; part of the ids of its orders to agents.
    pub attempt: u32,
    /// What it did, for people.
    pub output: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// When it was begun last.
    pub begun: Option<Timestamp>,
    /// When it was done or undone.
    pub ended: Option<Timestamp>,
}

const COLUMNS: &str = "position, name, state, attempt, output, error, begun, ended";

fn read_step(row: &Row<'_>) -> rusqlite::Result<StepRow> {
    Ok(StepRow {
        position: row.get("position")?,
        name: row.get("name")?,
        state: parsed(row, "state")?,
        attempt: row.get("attempt")?,
        output: row.get("output")?,
        error: row.get("error")?,
        begun: time_or_null(row, "begun")?,
        ended: time_or_null(row, "ended")?,
    })
}

/// The steps of a job, in their order.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn steps_of(tx: &Tx<'_>, job: JobId) -> Result<Vec<StepRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM step WHERE job = ?1 ORDER BY position");
    tx.rows("read the steps of a job", &sql, params![job.to_string()], read_step)
}

/// Begins the first step of a job that was never begun, and reads all of them, in their order.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn steps_begin(tx: &Tx<'_>, job: JobId, now: Timestamp) -> Result<Vec<StepRow>, StoreError> {
    let sql = format!(
        "UPDATE step SET state = CASE position WHEN 0 THEN 'Begun' ELSE state END,
             attempt = CASE position WHEN 0 THEN attempt + 1 ELSE attempt END,
             begun = CASE position WHEN 0 THEN ?2 ELSE begun END
         WHERE job = ?1 RETURNING {COLUMNS}"
    );
    let what = "begin the first step of a job";
    let mut steps = tx.rows(what, &sql, params![job.to_string(), now.0], read_step)?;
    steps.sort_by_key(|step| step.position); // RETURNING promises no order
    Ok(steps)
}

/// Records that one step is done and, in the same statement, that the next is begun.
///
/// `done` of -1 begins the first step. A `next` beyond the last step begins nothing.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn step_advance(
    tx: &Tx<'_>,
    job: JobId,
    done: i64,
    output: Option<&str>,
    next: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "record a step",
        "UPDATE step SET
             state = CASE position WHEN ?2 THEN 'Done' ELSE 'Begun' END,
             attempt = CASE position WHEN ?2 THEN attempt ELSE attempt + 1 END,
             output = CASE position WHEN ?2 THEN ?3 ELSE NULL END,
             error = NULL,
             begun = CASE position WHEN ?2 THEN begun ELSE ?5 END,
             ended = CASE position WHEN ?2 THEN ?5 ELSE NULL END
         WHERE job = ?1 AND position IN (?2, ?4)",
        params![job.to_string(), done, output, next, now.0],
    )?;
    Ok(())
}

/// Records how far the undoing of a step is, or why it was necessary.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn step_set(
    tx: &Tx<'_>,
    job: JobId,
    position: u32,
    state: StepState,
    error: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "record how far a step is",
        "UPDATE step SET state = ?3, error = coalesce(?4, error), ended = ?5 WHERE job = ?1 AND position = ?2",
        params![job.to_string(), position, state.as_str(), error, now.0],
    )?;
    Ok(())
}
