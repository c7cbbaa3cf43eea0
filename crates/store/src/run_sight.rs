//! Table `vm_run`, as hosts see it: what they tell of their runs, and what follows for the record.
//!
//! A report is one statement, however many runs it names. Only the host of a run can say anything of it.
//!
//! Not here: the life of a run (`run`), runs that the record does not have (`stray`).

use hostler_model::{
    Generation, HostId, InstanceName, PowerReason, PowerState, RunId, Timestamp, VmId, VmState,
};
use rusqlite::params;

use crate::columns::{amount, parsed, parsed_or_null, stored, to_json};
use crate::run::{COLUMNS, RunRow, read_run};
use crate::{StoreError, Tx};

/// What a host says of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// The run.
    pub run: RunId,
    /// The VM, by the mark.
    pub vm: VmId,
    /// Name of the libvirt domain.
    pub name: InstanceName,
    /// How new it is.
    pub generation: Generation,
    /// Whether it runs.
    pub power: PowerState,
    /// Why.
    pub reason: PowerReason,
}

/// Takes what a host said of its runs, as far as it is newer than what is recorded: one statement.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn runs_seen(
    tx: &Tx<'_>,
    host: HostId,
    seen: &[Sighting],
    now: Timestamp,
) -> Result<usize, StoreError> {
    let rows: Vec<_> = seen
        .iter()
        .map(|s| {
            let reason = format!("{:?}", s.reason);
            (s.run.to_string(), stored(s.generation.0), s.power.to_string(), reason)
        })
        .collect();
    tx.execute(
        "record what a host said of its runs",
        "UPDATE vm_run SET generation = n.generation, power = n.power, power_reason = n.reason, power_seen = ?3,
             missing_since = NULL, missing_last = NULL, cause = ?4
         FROM (SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS generation,
                      json_extract(value, '$[2]') AS power, json_extract(value, '$[3]') AS reason
               FROM json_each(?2)) AS n
         WHERE vm_run.id = n.id AND vm_run.host = ?1 AND vm_run.generation < n.generation",
        params![host.to_string(), to_json(&rows), now.0, tx.cause_json()],
    )
}

/// Notes that a listing of the host lacks these runs, which may be alive there. Where the clock was set back since the
/// first such listing, this one is the first.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn runs_missing(tx: &Tx<'_>, runs: &[RunId], now: Timestamp) -> Result<usize, StoreError> {
    tx.execute(
        "record that runs are missing",
        "UPDATE vm_run SET missing_since = min(coalesce(missing_since, ?2), ?2), missing_last = ?2
         WHERE id IN (SELECT value FROM json_each(?1)) AND state <> 'Ended'",
        params![ids(runs), now.0],
    )
}

/// Notes that these runs are not missing any more.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn runs_back(tx: &Tx<'_>, runs: &[RunId]) -> Result<usize, StoreError> {
    tx.execute(
        "record that runs are not missing",
        "UPDATE vm_run SET missing_since = NULL, missing_last = NULL
         WHERE id IN (SELECT value FROM json_each(?1))",
        params![ids(runs)],
    )
}

/// Those of `runs` that the record has, alive or not.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn runs_named(tx: &Tx<'_>, runs: &[RunId]) -> Result<Vec<RunRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM vm_run WHERE id IN (SELECT value FROM json_each(?1))");
    tx.rows("look runs up", &sql, params![ids(runs)], read_run)
}

fn ids(runs: &[RunId]) -> String {
    to_json(&runs.iter().map(ToString::to_string).collect::<Vec<_>>())
}

/// What the record says of a VM that a host speaks of.
#[derive(Debug, Clone)]
pub struct VmStanding {
    /// The VM.
    pub vm: VmId,
    /// Where it is in its life.
    pub state: VmState,
    /// The run of it that may be alive, and its host.
    pub alive: Option<(RunId, HostId)>,
}

/// What the record says of these VMs; those that it does not have are left out.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn vms_standing(tx: &Tx<'_>, vms: &[VmId]) -> Result<Vec<VmStanding>, StoreError> {
    let vms: Vec<_> = vms.iter().map(ToString::to_string).collect();
    tx.rows(
        "look up the VMs that a host speaks of",
        "SELECT vm.id, vm.state, r.id AS run, r.host FROM vm
         LEFT JOIN vm_run r ON r.vm = vm.id AND r.state <> 'Ended'
         WHERE vm.removed IS NULL AND vm.id IN (SELECT value FROM json_each(?1))",
        params![to_json(&vms)],
        |row| {
            let run: Option<RunId> = parsed_or_null(row, "run")?;
            Ok(VmStanding {
                vm: parsed(row, "id")?,
                state: parsed(row, "state")?,
                alive: run.zip(parsed_or_null(row, "host")?),
            })
        },
    )
}

/// Records a run that only its host knew of, with its claim: what runs takes its room, whether there is some or not.
///
/// # Errors
/// [`StoreError::Taken`] if another run of the VM may be alive.
pub fn run_take_up(
    tx: &Tx<'_>,
    host: HostId,
    seen: &Sighting,
    now: Timestamp,
) -> Result<RunRow, StoreError> {
    let added = tx.execute(
        "take up a run",
        "INSERT INTO vm_run (id, vm, host, generation, owner, state, power, power_reason, power_seen,
             cpu_ratio, memory_ratio, created, cause)
         SELECT ?1, ?2, ?3, ?4, 'agent', 'Running', ?5, ?6, ?7, coalesce(c.cpu_ratio, 1.0),
             coalesce(c.memory_ratio, 1.0), ?7, ?8
         FROM host LEFT JOIN cluster c ON c.id = host.cluster WHERE host.id = ?3",
        params![
            seen.run.to_string(),
            seen.vm.to_string(),
            host.to_string(),
            stored(seen.generation.0),
            seen.power.to_string(),
            format!("{:?}", seen.reason),
            now.0,
            tx.cause_json(),
        ],
    );
    match added {
        Err(e) if e.is_unique_violation() => {
            let text = format!("vm {} has another run that may be alive", seen.vm);
            return Err(StoreError::Taken(text));
        }
        other => other?,
    };
    tx.execute(
        "claim what a run takes",
        "INSERT INTO claim (run, host, cpu_mhz, memory_mib)
         SELECT ?1, r.host,
             CAST(coalesce(vm.own_cpus, o.cpus) * coalesce(vm.own_cpu_mhz, o.cpu_mhz) / r.cpu_ratio AS INTEGER),
             CAST(coalesce(vm.own_memory_mib, o.memory_mib) / r.memory_ratio AS INTEGER)
         FROM vm_run r JOIN vm ON vm.id = r.vm JOIN service_offering o ON o.id = vm.offering WHERE r.id = ?1",
        params![seen.run.to_string()],
    )?;
    crate::run::run_get(tx, seen.run)
}

/// The record follows a run to the host that it was moved to by hand: run, claim, and the volumes, whose files
/// lie at the same path there. False, and nothing is written, if a volume's pool has no counterpart there.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn run_follow(
    tx: &Tx<'_>,
    run: &RunRow,
    host: HostId,
    seen: &Sighting,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (vm, to) = (run.vm.to_string(), host.to_string());
    let left_behind = tx.row(
        "look for the volumes of a moved VM",
        "SELECT count(*) AS number FROM volume v JOIN storage_pool a ON a.id = v.pool
         WHERE v.vm = ?1 AND v.removed IS NULL AND a.host IS NOT NULL AND a.host <> ?2 AND NOT EXISTS (
             SELECT 1 FROM storage_pool b WHERE b.host = ?2 AND b.path = a.path AND b.removed IS NULL)",
        params![vm, to],
        |row| amount(row, "number"),
    )?;
    if left_behind != Some(0) {
        return Ok(false);
    }
    tx.execute(
        "record where the volumes of a moved VM are",
        "UPDATE volume SET version = version + 1, pool = (
             SELECT b.id FROM storage_pool a JOIN storage_pool b ON b.path = a.path AND b.host = ?2 AND b.removed IS NULL
             WHERE a.id = volume.pool)
         WHERE vm = ?1 AND removed IS NULL
           AND pool IN (SELECT id FROM storage_pool WHERE host IS NOT NULL AND host <> ?2)",
        params![vm, to],
    )?;
    tx.execute(
        "record where a moved run is",
        "UPDATE vm_run SET host = ?2, generation = ?3, state = 'Running', power = ?4, power_reason = ?5,
             power_seen = ?6, missing_since = NULL, missing_last = NULL, vnc_port = NULL, cause = ?7
         WHERE id = ?1",
        params![
            run.id.to_string(),
            to,
            stored(seen.generation.0),
            seen.power.to_string(),
            format!("{:?}", seen.reason),
            now.0,
            tx.cause_json(),
        ],
    )?;
    tx.execute(
        "move the claim of a moved run",
        "UPDATE claim SET host = ?2 WHERE run = ?1",
        params![run.id.to_string(), to],
    )?;
    tx.execute(
        "record where a moved VM ran last",
        "UPDATE vm SET last_host = ?2, version = version + 1, changed = ?3 WHERE id = ?1",
        params![vm, to, now.0],
    )?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;
    use crate::run::run_get;
    use uuid::Uuid;

    #[tokio::test]
    async fn a_run_is_missing_since_the_first_listing_that_lacks_it_by_the_clock_as_it_is_set() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hostler.db");
        let store = Store::open(&path).unwrap();
        let run = RunId::new(Uuid::from_u128(1));
        let row = format!(
            "PRAGMA foreign_keys = OFF;
             INSERT INTO vm_run (id, vm, host, generation, owner, state, power, cpu_ratio, memory_ratio, created)
             VALUES ('{run}', '{run}', '{run}', 1, 'agent', 'Running', 'on', 1.0, 1.0, 0);"
        );
        rusqlite::Connection::open(&path).unwrap().execute_batch(&row).unwrap();
        for (listed, missing) in [(5000, (5000, 5000)), (7000, (5000, 7000)), (1000, (1000, 1000))]
        {
            let seen = store.write(move |tx| {
                runs_missing(tx, &[run], Timestamp(listed))?;
                Ok::<_, StoreError>(run_get(tx, run)?.missing)
            });
            let (since, last) = missing;
            assert_eq!(seen.await.unwrap(), Some((Timestamp(since), Timestamp(last))));
        }
    }
}
