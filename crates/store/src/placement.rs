//! Table `placement`: why a VM is where it is, or nowhere. One row a decision.

use hostler_model::{HostId, JobId, RunId, Timestamp, VmId};
use rusqlite::params;

use crate::{StoreError, Tx};

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
