//! Table `vm_run`: one incarnation of a VM on one host. A VM has at most one that may be alive.

use hostler_model::{
    Generation, HostId, PowerReason, PowerState, RunEvent, RunId, RunState, Timestamp, VmId,
};
use rusqlite::{Row, params};

use crate::columns::{amount, parsed, stored};
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
}

const COLUMNS: &str = "id, vm, host, generation, state, power";

fn read_run(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    let power: String = row.get("power")?;
    Ok(RunRow {
        id: parsed(row, "id")?,
        vm: parsed(row, "vm")?,
        host: parsed(row, "host")?,
        generation: Generation(amount(row, "generation")?),
        state: parsed(row, "state")?,
        power: match power.as_str() {
            "on" => PowerState::On,
            "off" => PowerState::Off,
            _ => PowerState::Unknown,
        },
    })
}

/// Records a run that is claimed, and returns it.
///
/// # Errors
/// [`StoreError::Taken`] if another run of the VM may be alive.
pub fn run_add(
    tx: &Tx<'_>,
    run: RunId,
    vm: VmId,
    host: HostId,
    ratios: (f64, f64),
    now: Timestamp,
) -> Result<RunRow, StoreError> {
    let added = tx.execute(
        "record a run",
        "INSERT INTO vm_run (id, vm, host, generation, owner, state, cpu_ratio, memory_ratio, created, vm_number)
         VALUES (?1, ?2, ?3, ?4, 'manager', 'Claimed', ?5, ?6, ?7, (SELECT number FROM vm WHERE id = ?2))",
        params![
            run.to_string(),
            vm.to_string(),
            host.to_string(),
            stored(Generation::FIRST.0),
            ratios.0,
            ratios.1,
            now.0,
        ],
    );
    match added {
        Err(e) if e.is_unique_violation() => {
            Err(StoreError::Taken(format!("vm {vm} has a run that may be alive; stop it first")))
        }
        other => other.map(|_| RunRow {
            id: run,
            vm,
            host,
            generation: Generation::FIRST,
            state: RunState::Claimed,
            power: PowerState::Unknown,
        }),
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
    let power = match state {
        RunState::Running => PowerState::On,
        RunState::Ended => PowerState::Off,
        RunState::Claimed | RunState::Starting | RunState::Stopping => run.power,
    };
    let changed = tx.execute(
        "record a run's new state",
        "UPDATE vm_run SET state = ?3, generation = ?4, owner = ?5, power = ?6, ended = ?7,
             vnc_port = coalesce(?8, vnc_port)
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
    Ok(RunRow { generation, state, power, ..run.clone() })
}

/// Takes what a host said of a run's power, if it is newer than what is recorded. Says whether it was.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn run_seen(
    tx: &Tx<'_>,
    run: RunId,
    generation: Generation,
    power: PowerState,
    reason: PowerReason,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "record what a host said of a run",
        "UPDATE vm_run SET generation = ?2, power = ?3, power_reason = ?4, power_seen = ?5
         WHERE id = ?1 AND generation < ?2",
        params![
            run.to_string(),
            stored(generation.0),
            power.to_string(),
            format!("{reason:?}"),
            now.0,
        ],
    )?;
    Ok(changed > 0)
}
