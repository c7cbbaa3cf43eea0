//! Runs: a VM's state and its run say the same, and nothing is on its way without a job.

use hostler_model::{HostId, RunId, Timestamp, VmId};
use rusqlite::params;

use super::Audit;
use crate::columns::{parsed, time, time_or_null, to_json};
use crate::{StoreError, Tx};

/// Whether a job is at work on `vm`: then it is the one who knows.
const IS_BUSY: &str =
    "EXISTS (SELECT 1 FROM job WHERE job.subject = vm.id AND job.finished IS NULL)";

pub(super) fn check(tx: &Tx<'_>, audit: &mut Audit) -> Result<(), StoreError> {
    let alive = "SELECT count(*) AS number FROM vm_run WHERE state <> 'Ended'";
    audit.runs = super::count(tx, "count runs", alive)?;
    let sql = format!(
        "SELECT vm.id AS id, vm.instance_name || ' is ' || vm.state || ', and its run is '
             || coalesce(r.state, 'none') AS text
         FROM vm LEFT JOIN vm_run r ON r.vm = vm.id AND r.state <> 'Ended'
         WHERE vm.removed IS NULL AND NOT {IS_BUSY}
             AND CASE vm.state WHEN 'Running' THEN r.state IS NULL OR r.state <> 'Running' OR vm.run IS NULL OR r.id <> vm.run
                 ELSE r.id IS NOT NULL END
         UNION ALL
         SELECT vm.id, vm.instance_name || ' is ' || vm.state || ', and no job is at work on it'
         FROM vm WHERE vm.removed IS NULL AND vm.state IN ('Starting', 'Stopping', 'Expunging') AND NOT {IS_BUSY}
         UNION ALL
         SELECT vm.id, vm.instance_name || ' is Running, and ' || host.name || ' says that it is off'
         FROM vm JOIN vm_run r ON r.id = vm.run JOIN host ON host.id = r.host
         WHERE vm.removed IS NULL AND vm.state = 'Running' AND r.state = 'Running' AND r.power = 'off' AND NOT {IS_BUSY}"
    );
    audit.tell_rows(tx, "run", "compare VMs with their runs", &sql)
}

/// A run that may be alive, for holding it against what its host reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOnRecord {
    /// The run.
    pub run: RunId,
    /// Its VM.
    pub vm: VmId,
    /// The VM's instance name.
    pub name: String,
    /// Its host.
    pub host: HostId,
    /// Whether it runs by the record, and no job is at work on its VM.
    pub is_settled: bool,
    /// When the VM changed last.
    pub changed: Timestamp,
}

/// Every run that may be alive.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn runs_on_record(tx: &Tx<'_>) -> Result<Vec<RunOnRecord>, StoreError> {
    let sql = format!(
        "SELECT r.id AS run, vm.id AS vm, vm.instance_name AS name, r.host AS host, vm.changed AS changed,
             vm.state = 'Running' AND r.state = 'Running' AND NOT {IS_BUSY} AS settled
         FROM vm_run r JOIN vm ON vm.id = r.vm WHERE r.state <> 'Ended'"
    );
    tx.rows("read the runs that may be alive", &sql, &[], |row| {
        Ok(RunOnRecord {
            run: parsed(row, "run")?,
            vm: parsed(row, "vm")?,
            name: row.get("name")?,
            host: parsed(row, "host")?,
            is_settled: row.get("settled")?,
            changed: time(row, "changed")?,
        })
    })
}

/// When each of these runs ended; those that never were are left out.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn runs_ended(
    tx: &Tx<'_>,
    runs: &[RunId],
) -> Result<Vec<(RunId, Option<Timestamp>)>, StoreError> {
    tx.rows(
        "read when runs ended",
        "SELECT id, ended FROM vm_run WHERE id IN (SELECT value FROM json_each(?1))",
        params![to_json(&runs)],
        |row| Ok((parsed(row, "id")?, time_or_null(row, "ended")?)),
    )
}
