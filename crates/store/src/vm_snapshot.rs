//! Table `vm_snapshot`: copies of all volumes of a VM, as they were at one moment. The copies are rows of `snapshot` that
//! name it, and their claims are its claims.
//!
//! Not here: what lists show (`vm_snapshot_view`).

use hostler_model::{
    AccountId, SnapshotId, Timestamp, Version, VmId, VmSnapshotEvent, VmSnapshotId,
    VmSnapshotState, ZoneId,
};
use rusqlite::{Row, params};

use crate::columns::parsed;
use crate::snapshot::{SnapshotRow, snapshots_where};
use crate::{StoreError, Tx};

/// A VM snapshot as it is recorded.
#[derive(Debug, Clone)]
pub struct VmSnapshotRow {
    /// Its id.
    pub id: VmSnapshotId,
    /// Its name, for people.
    pub name: String,
    /// The VM.
    pub vm: VmId,
    /// Whose it is.
    pub account: AccountId,
    /// Where it is in its life.
    pub state: VmSnapshotState,
    /// How often the row was changed.
    pub version: Version,
}

/// A VM snapshot that is to be recorded; it begins `Allocated`.
#[derive(Debug, Clone)]
pub struct NewVmSnapshot {
    /// Its id.
    pub id: VmSnapshotId,
    /// The VM.
    pub vm: VmId,
    /// Whose it is.
    pub account: AccountId,
    /// Where it is.
    pub zone: ZoneId,
    /// Its name.
    pub name: String,
    /// Any text.
    pub description: Option<String>,
}

fn read(row: &Row<'_>) -> rusqlite::Result<VmSnapshotRow> {
    Ok(VmSnapshotRow {
        id: parsed(row, "id")?,
        name: row.get("name")?,
        vm: parsed(row, "vm")?,
        account: parsed(row, "account")?,
        state: parsed(row, "state")?,
        version: Version(row.get("version")?),
    })
}

/// Records a VM snapshot.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn vm_snapshot_add(tx: &Tx<'_>, new: &NewVmSnapshot, now: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "record a VM snapshot",
        "INSERT INTO vm_snapshot (id, vm, account, zone, name, description, state, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'Allocated', ?7)",
        params![
            new.id.to_string(),
            new.vm.to_string(),
            new.account.to_string(),
            new.zone.to_string(),
            new.name,
            new.description,
            now.0,
        ],
    )
    .map(drop)
}

/// A VM snapshot that is not deleted.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn vm_snapshot_get(tx: &Tx<'_>, id: VmSnapshotId) -> Result<VmSnapshotRow, StoreError> {
    let sql = "SELECT * FROM vm_snapshot WHERE id = ?1 AND removed IS NULL";
    tx.row("read a VM snapshot", sql, params![id.to_string()], read)?
        .ok_or_else(|| StoreError::NotFound { what: "vm_snapshot", id: id.to_string() })
}

/// The VM snapshots of a VM, in the order in which they were asked for.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn vm_snapshots_of(tx: &Tx<'_>, vm: VmId) -> Result<Vec<VmSnapshotRow>, StoreError> {
    let sql = "SELECT * FROM vm_snapshot WHERE vm = ?1 AND removed IS NULL ORDER BY number";
    tx.rows("read the VM snapshots of a VM", sql, params![vm.to_string()], read)
}

/// Moves a VM snapshot along `event`; `error` is why it is in state Error.
///
/// # Errors
/// [`StoreError::Transition`]; [`StoreError::Stale`] if someone changed it since the caller read it.
pub fn vm_snapshot_transition(
    tx: &Tx<'_>,
    row: &VmSnapshotRow,
    event: VmSnapshotEvent,
    error: Option<&str>,
    now: Timestamp,
) -> Result<VmSnapshotRow, StoreError> {
    let (state, version) = (row.state.next(event)?, row.version.next());
    let removed = (state == VmSnapshotState::Removed).then_some(now.0);
    let changed = tx.execute(
        "record a VM snapshot's new state",
        "UPDATE vm_snapshot SET state = ?3, version = ?4, error = ?5, removed = ?6 WHERE id = ?1 AND version = ?2",
        params![row.id.to_string(), row.version.0, state.as_str(), version.0, error, removed],
    )?;
    if changed == 0 {
        let (what, id) = ("VM snapshot", row.id.to_string());
        return Err(StoreError::Stale { what, id, seen: row.version, there: Version(-1) });
    }
    Ok(VmSnapshotRow { state, version, ..row.clone() })
}

/// Records that the VM is as the snapshot has it just now.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn vm_snapshot_set_current(
    tx: &Tx<'_>,
    id: VmSnapshotId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE vm_snapshot SET current = ?2 WHERE id = ?1";
    tx.execute("record what a VM is like", sql, params![id.to_string(), now.0]).map(drop)
}

/// Says of which VM snapshot a copy is one.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn vm_snapshot_own(tx: &Tx<'_>, id: VmSnapshotId, copy: SnapshotId) -> Result<(), StoreError> {
    let sql = "UPDATE snapshot SET vm_snapshot = ?2 WHERE id = ?1";
    tx.execute("record of what a copy is one", sql, params![copy.to_string(), id.to_string()])
        .map(drop)
}

/// The copies of a VM snapshot that are not deleted, in the order of its VM's disks when it was made.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn vm_snapshot_copies(tx: &Tx<'_>, id: VmSnapshotId) -> Result<Vec<SnapshotRow>, StoreError> {
    snapshots_where(tx, "s.vm_snapshot = ?1", &id.to_string())
}
