//! What listing the differences between record and world needs, in a few statements: a read across tables.

use hostler_model::{HostId, JobState, RunId, Timestamp, VmId, VmState, VolumeId};
use rusqlite::Row;

use crate::columns::{parsed, parsed_or_null, time_or_null};
use crate::run::{RunRow, read_run};
use crate::run_sight::{VmStanding, runs_named, vms_standing};
use crate::stray::{StrayRow, strays};
use crate::volume_sight::{LackingVolume, volumes_lacking};
use crate::{StoreError, Tx};

/// A VM with its run that may be alive, and how its host stands.
#[derive(Debug, Clone)]
pub struct VmSeen {
    /// The VM.
    pub vm: VmId,
    /// Its instance name.
    pub name: String,
    /// Where it is in its life.
    pub state: VmState,
    /// The run of it that may be alive.
    pub run: Option<RunRow>,
    /// That run's host and its name.
    pub host: Option<(HostId, String)>,
    /// That host's connection status; nothing: it is removed.
    pub host_status: Option<String>,
    /// When that host pinged last.
    pub last_ping: Option<Timestamp>,
    /// What the run's last change was caused by.
    pub said_by: Option<String>,
    /// The state of an open job on the VM, and what it waits for.
    pub job: Option<(JobState, Option<String>)>,
}

/// Everything that is compared.
#[derive(Debug, Clone, Default)]
pub struct DriftRows {
    /// Every VM that is not expunged, by name.
    pub vms: Vec<VmSeen>,
    /// Runs that hosts tell of beside them.
    pub strays: Vec<StrayRow>,
    /// Those of the strays that the record has.
    pub known: Vec<RunRow>,
    /// What the record says of the VMs of strays.
    pub standing: Vec<VmStanding>,
    /// Volumes that their hosts do not have.
    pub lacking: Vec<LackingVolume>,
}

/// Reads what is compared; of one VM, if one is named. `lacking` is what hosts say that they do not have.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn drift_rows(
    tx: &Tx<'_>,
    only: Option<VmId>,
    lacking: &[(HostId, VolumeId)],
) -> Result<DriftRows, StoreError> {
    let vms = tx.rows(
        "compare VMs with what was seen of them",
        "SELECT v.id AS vm_id, v.instance_name, json_extract(r.cause, '$.text') AS said_by, v.state AS vm_state, r.*, h.name AS host_name, h.last_ping,
             iif(h.removed IS NULL, h.status, NULL) AS host_status, j.state AS job_state, j.waiting_for
         FROM vm v LEFT JOIN vm_run r ON r.vm = v.id AND r.state <> 'Ended'
         LEFT JOIN host h ON h.id = r.host
         LEFT JOIN job j ON j.number = (SELECT min(number) FROM job WHERE subject = v.id AND finished IS NULL)
         WHERE v.removed IS NULL AND (?1 IS NULL OR v.id = ?1) ORDER BY v.number",
        rusqlite::params![only.map(|vm| vm.to_string())],
        read,
    )?;
    let lacking = volumes_lacking(tx, lacking)?;
    let mut strays = strays(tx)?;
    strays.retain(|stray| only.is_none_or(|vm| vm == stray.seen.vm));
    if strays.is_empty() {
        return Ok(DriftRows { vms, lacking, ..DriftRows::default() });
    }
    let runs: Vec<RunId> = strays.iter().map(|stray| stray.seen.run).collect();
    let ids: Vec<VmId> = strays.iter().map(|stray| stray.seen.vm).collect();
    let (known, standing) = (runs_named(tx, &runs)?, vms_standing(tx, &ids)?);
    Ok(DriftRows { vms, strays, known, standing, lacking })
}

fn read(row: &Row<'_>) -> rusqlite::Result<VmSeen> {
    let run: Option<RunId> = parsed_or_null(row, "id")?;
    let host: Option<HostId> = parsed_or_null(row, "host")?;
    let job: Option<JobState> = parsed_or_null(row, "job_state")?;
    let waiting_for: Option<String> = row.get("waiting_for")?;
    Ok(VmSeen {
        vm: parsed(row, "vm_id")?,
        name: row.get("instance_name")?,
        state: parsed(row, "vm_state")?,
        run: run.map(|_| read_run(row)).transpose()?,
        host: host.zip(row.get("host_name")?),
        host_status: row.get("host_status")?,
        last_ping: time_or_null(row, "last_ping")?,
        said_by: row.get("said_by")?,
        job: job.map(|state| (state, waiting_for)),
    })
}
