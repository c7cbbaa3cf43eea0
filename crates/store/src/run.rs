//! Table `vm_run`: one incarnation of a VM on one host. A VM has at most one that may be alive.
//!
//! Not here: what hosts tell of their runs (`run_sight`).

use hostler_model::{
    Generation, HostId, PowerReason, PowerState, RunEvent, RunId, RunState, Timestamp, VmId,
};
use rusqlite::{Row, ToSql, params};

use crate::columns::{amount, parsed, stored, time_or_null};
use crate::{StoreError, Tx};

/// A run as it is recorded.
#[derive(Debug, Clone)]
pub struct RunRow {
    /// Its id, in the owner mark of its libvirt domain.
    pub id: RunId,
    /// The VM.
    pub vm: VmId,
    /// The host.
    pub host: HostId,
    /// The newest news that was taken.
    pub generation: Generation,
    /// Where it is in its life.
    pub state: RunState,
    /// What its host said last of its power.
    pub power: PowerState,
    /// Why.
    pub power_reason: PowerReason,
    /// When that was said.
    pub power_seen: Option<Timestamp>,
    /// Since when, and when last, complete listings of its host lacked it.
    pub missing: Option<(Timestamp, Timestamp)>,
}

pub(crate) const COLUMNS: &str = "id, vm, host, generation, state, power, power_reason, power_seen, \
    missing_since, missing_last";

pub(crate) fn read_run(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    let reason: String = row.get("power_reason")?;
    let since = time_or_null(row, "missing_since")?;
    Ok(RunRow {
        id: parsed(row, "id")?,
        vm: parsed(row, "vm")?,
        host: parsed(row, "host")?,
        generation: Generation(amount(row, "generation")?),
        state: parsed(row, "state")?,
        power: parsed(row, "power")?,
        power_reason: PowerReason::named(&reason),
        power_seen: time_or_null(row, "power_seen")?,
        missing: since.zip(time_or_null(row, "missing_last")?),
    })
}

/// Records a run that is claimed, and returns it.
///
/// # Errors
/// [`StoreError::Taken`] if another run of the VM may be alive, by the record or by what a host tells.
pub fn run_add(
    tx: &Tx<'_>,
    run: RunId,
    vm: VmId,
    host: HostId,
    ratios: (f64, f64),
    now: Timestamp,
) -> Result<RunRow, StoreError> {
    run_add_reading(tx, (run, vm, host), ratios, now, ("1", &[]), |_| Ok(())).map(|(row, ())| row)
}

/// The same, and `read`s expressions in the same statement; their own parameters begin with `?9`.
///
/// # Errors
/// See [`run_add`].
pub(crate) fn run_add_reading<T>(
    tx: &Tx<'_>,
    (run, vm, host): (RunId, VmId, HostId),
    ratios: (f64, f64),
    now: Timestamp,
    (expressions, parameters): (&str, &[&dyn ToSql]),
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<(RunRow, T), StoreError> {
    let sql = format!(
        "INSERT INTO vm_run (id, vm, host, generation, owner, state, cpu_ratio, memory_ratio, created,
             cause, vm_number)
         SELECT ?1, ?2, ?3, ?4, 'manager', 'Claimed', ?5, ?6, ?7, ?8, (SELECT number FROM vm WHERE id = ?2)
         WHERE NOT EXISTS (SELECT 1 FROM stray WHERE vm = ?2 AND power <> 'off')
         RETURNING {expressions}"
    );
    let (id, of_vm, on_host) = (run.to_string(), vm.to_string(), host.to_string());
    let (generation, cause) = (stored(Generation::FIRST.0), tx.cause_json());
    let own: &[&dyn ToSql] =
        params![id, of_vm, on_host, generation, ratios.0, ratios.1, now.0, cause];
    match tx.row("record a run", &sql, &[own, parameters].concat(), read) {
        Err(e) if e.is_unique_violation() => {
            Err(StoreError::Taken(format!("vm {vm} has a run that may be alive; stop it first")))
        }
        Err(e) => Err(e),
        Ok(None) => Err(StoreError::Taken(format!(
            "a host runs vm {vm}, which the record does not believe there; see listDrift"
        ))),
        Ok(Some(found)) => {
            let row = RunRow {
                id: run,
                vm,
                host,
                generation: Generation::FIRST,
                state: RunState::Claimed,
                power: PowerState::Unknown,
                power_reason: PowerReason::Other,
                power_seen: None,
                missing: None,
            };
            Ok((row, found))
        }
    }
}

/// One run.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn run_get(tx: &Tx<'_>, run: RunId) -> Result<RunRow, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM vm_run WHERE id = ?1");
    tx.row("read a run", &sql, params![run.to_string()], read_run)?
        .ok_or_else(|| StoreError::NotFound { what: "run", id: run.to_string() })
}

/// The runs of a host that may be alive.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn runs_alive_on(tx: &Tx<'_>, host: HostId) -> Result<Vec<RunRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM vm_run WHERE host = ?1 AND state <> 'Ended'");
    tx.rows("read the runs of a host", &sql, params![host.to_string()], read_run)
}

/// Moves a run along `event`; `generation` is that of the news, never smaller than what is recorded.
///
/// When the run ends, so does its claim on the host; one that waits for that is in Maintenance then.
///
/// # Errors
/// [`StoreError::Transition`]; [`StoreError::Stale`] for news that is older than what is recorded.
pub fn run_transition(
    tx: &Tx<'_>,
    run: &RunRow,
    event: RunEvent,
    generation: Generation,
    now: Timestamp,
) -> Result<RunRow, StoreError> {
    transition(tx, run, event, generation, None, now)
}

/// Moves a run along `Confirmed`, with the port of its console if its host has told.
///
/// The answer of a start may come after its host has told of a later change: then `generation` is the smaller one, and
/// what the host has told since stays.
///
/// # Errors
/// As [`run_transition`].
pub fn run_confirm(
    tx: &Tx<'_>,
    run: &RunRow,
    generation: Generation,
    vnc_port: Option<u16>,
    now: Timestamp,
) -> Result<RunRow, StoreError> {
    transition(tx, run, RunEvent::Confirmed, generation, vnc_port, now)
}

fn transition(
    tx: &Tx<'_>,
    run: &RunRow,
    event: RunEvent,
    generation: Generation,
    vnc_port: Option<u16>,
    now: Timestamp,
) -> Result<RunRow, StoreError> {
    let state = run.state.next(event)?;
    let ended = (state == RunState::Ended).then_some(now.0);
    let owner = if matches!(state, RunState::Claimed) { "manager" } else { "agent" };
    let is_late = generation < run.generation && state == RunState::Running;
    let generation = if is_late { run.generation } else { generation };
    let power = match state {
        RunState::Running if is_late => run.power,
        RunState::Running => PowerState::On,
        RunState::Ended => PowerState::Off,
        RunState::Claimed | RunState::Starting | RunState::Stopping => run.power,
    };
    let changed = tx.execute(
        "record a run's new state",
        "UPDATE vm_run SET state = ?3, generation = ?4, owner = ?5, power = ?6, ended = ?7,
             vnc_port = coalesce(?8, vnc_port), power_seen = coalesce(?9, power_seen),
             power_reason = iif(?9 IS NULL, power_reason, 'Commanded'),
             missing_since = iif(?11, missing_since, NULL), missing_last = iif(?11, missing_last, NULL),
             cause = ?10
         WHERE id = ?1 AND state = ?2 AND generation <= ?4",
        params![
            run.id.to_string(),
            run.state.as_str(),
            state.as_str(),
            stored(generation.0),
            owner,
            power.to_string(),
            ended,
            vnc_port,
            (state == RunState::Running && !is_late).then_some(now.0),
            tx.cause_json(),
            is_late,
        ],
    )?;
    if changed == 0 {
        return Err(StoreError::Stale {
            what: "run",
            id: run.id.to_string(),
            seen: hostler_model::Version(stored(generation.0)),
            there: hostler_model::Version(stored(run_get(tx, run.id)?.generation.0)),
        });
    }
    if state == RunState::Ended {
        crate::claim::claim_end(tx, run.id)?;
        crate::host::host_left(tx, run.host, now)?;
    }
    let missing = run.missing.filter(|_| is_late);
    Ok(RunRow { generation, state, power, missing, ..run.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;

    #[tokio::test]
    async fn the_answer_of_a_start_changes_nothing_of_what_its_host_has_told_since() {
        for (answered, seen) in [(4, (5, PowerState::Off)), (6, (6, PowerState::On))] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("hostler.db");
            let store = Store::open(&path).unwrap();
            let id = RunId::new(uuid::Uuid::from_u128(1));
            let row = format!(
                "PRAGMA foreign_keys = OFF;
                 INSERT INTO vm_run (id, vm, host, generation, owner, state, power, cpu_ratio, memory_ratio, created)
                 VALUES ('{id}', '{id}', '{id}', 5, 'agent', 'Starting', 'off', 1.0, 1.0, 0);"
            );
            rusqlite::Connection::open(&path).unwrap().execute_batch(&row).unwrap();
            let confirmed = store.write(move |tx| {
                let run = run_get(tx, id)?;
                run_confirm(tx, &run, Generation(answered), None, Timestamp(9))?;
                run_get(tx, id)
            });
            let run = confirmed.await.unwrap();
            assert_eq!(run.state, RunState::Running);
            assert_eq!((run.generation.0, run.power), seen);
        }
    }
}
