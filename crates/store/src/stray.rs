//! Table `stray`: runs with our mark that a host tells of and the record does not have alive there.
//!
//! They are differences. While one that is not off is there, no other run of its VM can be recorded (`run`).

use hostler_model::{Generation, HostId, PowerReason, RunId, Timestamp, VmId};
use rusqlite::{Row, params};

use crate::columns::{amount, parsed, stored, time, to_json};
use crate::run_sight::Sighting;
use crate::{StoreError, Tx};

/// A stray run.
#[derive(Debug, Clone)]
pub struct StrayRow {
    /// Who tells of it.
    pub host: HostId,
    /// What it tells.
    pub seen: Sighting,
    /// What the record has instead, as it was last told of; empty: it was not.
    pub kind: String,
    /// When it was told of first.
    pub first_seen: Timestamp,
    /// When it was told of last.
    pub last_seen: Timestamp,
}

/// Keeps what a host tells of these runs; of one that is known, only what is not older.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn strays_keep(
    tx: &Tx<'_>,
    host: HostId,
    seen: &[Sighting],
    now: Timestamp,
) -> Result<(), StoreError> {
    for stray in seen {
        tx.execute(
            "record a run that is not where the record believes it",
            "INSERT INTO stray (run, host, vm, name, generation, power, power_reason, first_seen, last_seen)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)
             ON CONFLICT (run, host) DO UPDATE SET generation = ?5, power = ?6, power_reason = ?7, last_seen = ?8
             WHERE generation <= ?5",
            params![
                stray.run.to_string(),
                host.to_string(),
                stray.vm.to_string(),
                stray.name.as_str(),
                stored(stray.generation.0),
                stray.power.to_string(),
                format!("{:?}", stray.reason),
                now.0,
            ],
        )?;
    }
    Ok(())
}

/// Removes the strays of a host that are not among `kept`, and says how many.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn strays_drop_others(tx: &Tx<'_>, host: HostId, kept: &[RunId]) -> Result<usize, StoreError> {
    let kept: Vec<_> = kept.iter().map(ToString::to_string).collect();
    tx.execute(
        "remove runs that a host does not tell of any more",
        "DELETE FROM stray WHERE host = ?1 AND run NOT IN (SELECT value FROM json_each(?2))",
        params![host.to_string(), to_json(&kept)],
    )
}

/// Removes one stray: the record has it now.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn stray_drop(tx: &Tx<'_>, host: HostId, run: RunId) -> Result<(), StoreError> {
    tx.execute(
        "remove a run that the record has now",
        "DELETE FROM stray WHERE host = ?1 AND run = ?2",
        params![host.to_string(), run.to_string()],
    )?;
    Ok(())
}

/// Notes what a stray was told of as. Says whether that is new.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn stray_told(tx: &Tx<'_>, host: HostId, run: RunId, kind: &str) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "record what a run was told of as",
        "UPDATE stray SET kind = ?3 WHERE host = ?1 AND run = ?2 AND kind <> ?3",
        params![host.to_string(), run.to_string(), kind],
    )?;
    Ok(changed > 0)
}

/// The strays of a host.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn strays_on(tx: &Tx<'_>, host: HostId) -> Result<Vec<StrayRow>, StoreError> {
    let sql = "SELECT * FROM stray WHERE host = ?1 ORDER BY run";
    tx.rows("list runs that are not believed on a host", sql, params![host.to_string()], read)
}

/// Every stray.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn strays(tx: &Tx<'_>) -> Result<Vec<StrayRow>, StoreError> {
    let sql = "SELECT * FROM stray ORDER BY vm, run, host";
    tx.rows("list runs that are not believed on their hosts", sql, &[], read)
}

fn read(row: &Row<'_>) -> rusqlite::Result<StrayRow> {
    let vm: VmId = parsed(row, "vm")?;
    let reason: String = row.get("power_reason")?;
    Ok(StrayRow {
        host: parsed(row, "host")?,
        seen: Sighting {
            run: parsed(row, "run")?,
            vm,
            name: parsed(row, "name")?,
            generation: Generation(amount(row, "generation")?),
            power: parsed(row, "power")?,
            reason: PowerReason::named(&reason),
        },
        kind: row.get("kind")?,
        first_seen: time(row, "first_seen")?,
        last_seen: time(row, "last_seen")?,
    })
}
