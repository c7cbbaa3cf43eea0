//! Table `placement`: why a VM is where it is, or nowhere. One row a decision.

use hostler_model::{HostId, JobId, RunId, Timestamp, VmId};
use rusqlite::params;

use crate::{
    StoreError, Tx,
    columns::{parsed_or_null, time},
};

/// Records a decision.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn placement_add(
    tx: &Tx<'_>,
    vm: VmId,
    job: JobId,
    run: Option<RunId>,
    host: Option<HostId>,
    verdict: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "record a placement",
        "INSERT INTO placement (vm, run, job, at, host, verdict) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            vm.to_string(),
            run.map(|r| r.to_string()),
            job.to_string(),
            now.0,
            host.map(|h| h.to_string()),
            verdict,
        ],
    )?;
    Ok(())
}

/// A decision as it is recorded.
#[derive(Debug, Clone)]
pub struct PlacementRow {
    /// When.
    pub at: Timestamp,
    /// The host that was chosen.
    pub host: Option<HostId>,
    /// Demand, refusals and scores, as JSON.
    pub verdict: String,
}

/// The newest decision about a VM.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn placement_latest(tx: &Tx<'_>, vm: VmId) -> Result<Option<PlacementRow>, StoreError> {
    tx.row(
        "read why a VM is where it is",
        "SELECT at, host, verdict FROM placement WHERE vm = ?1 ORDER BY number DESC LIMIT 1",
        params![vm.to_string()],
        |row| {
            Ok(PlacementRow {
                at: time(row, "at")?,
                host: parsed_or_null(row, "host")?,
                verdict: row.get("verdict")?,
            })
        },
    )
}
