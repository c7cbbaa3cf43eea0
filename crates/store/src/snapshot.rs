//! Table `snapshot`: copies of volumes as they were at a moment. A row is also the claim on its owner's limits.
//!
//! Not here: when copies are made by themselves (`snapshot_policy`), what lists show (`snapshot_view`).

use hostler_model::{
    AccountId, Bytes, HostId, SnapshotEvent, SnapshotId, SnapshotPolicyId, SnapshotState,
    StoragePoolId, Timestamp, Version, VolumeId, ZoneId,
};
use rusqlite::{Row, params};

use crate::columns::{amount, parsed, parsed_or_null, stored};
use crate::{StoreError, Tx};

/// A snapshot as it is recorded.
#[derive(Debug, Clone)]
pub struct SnapshotRow {
    /// Its id.
    pub id: SnapshotId,
    /// Its name, for people.
    pub name: String,
    /// Whose it is.
    pub account: AccountId,
    /// Where it is.
    pub zone: ZoneId,
    /// The volume that it is a copy of.
    pub volume: VolumeId,
    /// How large a guest saw the volume.
    pub size: Bytes,
    /// Where it is in its life.
    pub state: SnapshotState,
    /// How often the row was changed.
    pub version: Version,
    /// The pool that it lives on.
    pub pool: Option<StoragePoolId>,
    /// The host of that pool, while that is in the cloud.
    pub host: Option<HostId>,
}

/// A snapshot that is to be recorded; it begins `Allocated`.
#[derive(Debug, Clone)]
pub struct NewSnapshot {
    /// Its id.
    pub id: SnapshotId,
    /// Whose it is.
    pub account: AccountId,
    /// Where it is.
    pub zone: ZoneId,
    /// The volume.
    pub volume: VolumeId,
    /// Its name.
    pub name: String,
    /// `MANUAL`, or the kind of the policy that it is made by, with that.
    pub kind: (&'static str, Option<SnapshotPolicyId>),
    /// How large a guest sees the volume.
    pub size: Bytes,
}

/// What a host says of a copy that is complete.
#[derive(Debug, Clone)]
pub struct Copied {
    /// How large a guest saw the volume.
    pub size: Bytes,
    /// What it takes on the pool.
    pub physical_size: Bytes,
    /// Where it is there.
    pub path: String,
}

const SELECT: &str = "SELECT s.id, s.name, s.account, s.zone, s.volume, s.size, s.state, s.version, s.pool, h.id AS host
     FROM snapshot s LEFT JOIN storage_pool p ON p.id = s.pool
     LEFT JOIN host h ON h.id = p.host AND h.removed IS NULL";

fn read(row: &Row<'_>) -> rusqlite::Result<SnapshotRow> {
    Ok(SnapshotRow {
        id: parsed(row, "id")?,
        name: row.get("name")?,
        account: parsed(row, "account")?,
        zone: parsed(row, "zone")?,
        volume: parsed(row, "volume")?,
        size: Bytes(amount(row, "size")?),
        state: parsed(row, "state")?,
        version: Version(row.get("version")?),
        pool: parsed_or_null(row, "pool")?,
        host: parsed_or_null(row, "host")?,
    })
}

/// Records a snapshot.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn snapshot_add(tx: &Tx<'_>, new: &NewSnapshot, now: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "record a snapshot",
        "INSERT INTO snapshot (id, account, zone, volume, name, kind, policy, size, state, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'Allocated', ?9)",
        params![
            new.id.to_string(),
            new.account.to_string(),
            new.zone.to_string(),
            new.volume.to_string(),
            new.name,
            new.kind.0,
            new.kind.1.map(|policy| policy.to_string()),
            stored(new.size.0),
            now.0,
        ],
    )?;
    Ok(())
}

/// A snapshot that is not deleted.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn snapshot_get(tx: &Tx<'_>, id: SnapshotId) -> Result<SnapshotRow, StoreError> {
    let sql = format!("{SELECT} WHERE s.id = ?1 AND s.removed IS NULL");
    tx.row("read a snapshot", &sql, params![id.to_string()], read)?
        .ok_or_else(|| StoreError::NotFound { what: "snapshot", id: id.to_string() })
}

/// The snapshots of an account, without those that belong to VM snapshots.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn snapshots_of_account(
    tx: &Tx<'_>,
    account: AccountId,
) -> Result<Vec<SnapshotRow>, StoreError> {
    snapshots_where(tx, "s.account = ?1 AND s.vm_snapshot IS NULL", &account.to_string())
}

/// The snapshots of which `?1` in `condition` says which, in the order in which they were asked for.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub(crate) fn snapshots_where(
    tx: &Tx<'_>,
    condition: &str,
    value: &str,
) -> Result<Vec<SnapshotRow>, StoreError> {
    let sql = format!("{SELECT} WHERE {condition} AND s.removed IS NULL ORDER BY s.number");
    tx.rows("read snapshots", &sql, params![value], read)
}

/// Moves a snapshot along `event`.
///
/// # Errors
/// [`StoreError::Transition`]; [`StoreError::Stale`] if someone changed it since the caller read it.
pub fn snapshot_transition(
    tx: &Tx<'_>,
    snapshot: &SnapshotRow,
    event: SnapshotEvent,
    news: &SnapshotNews<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let state = snapshot.state.next(event)?;
    let removed = (state == SnapshotState::Destroyed).then_some(now.0);
    let copied = news.copied;
    let changed = tx.execute(
        "record a snapshot's new state",
        "UPDATE snapshot SET state = ?3, version = version + 1, pool = coalesce(?4, pool), size = coalesce(?5, size),
             physical_size = coalesce(?6, physical_size), path = coalesce(?7, path), error = ?8, removed = ?9
         WHERE id = ?1 AND version = ?2",
        params![
            snapshot.id.to_string(),
            snapshot.version.0,
            state.as_str(),
            news.pool.map(|pool| pool.to_string()),
            copied.map(|copied| stored(copied.size.0)),
            copied.map(|copied| stored(copied.physical_size.0)),
            copied.map(|copied| copied.path.as_str()),
            news.error,
            removed,
        ],
    )?;
    if changed == 0 {
        return Err(StoreError::Stale {
            what: "snapshot",
            id: snapshot.id.to_string(),
            seen: snapshot.version,
            there: Version(-1),
        });
    }
    Ok(())
}

/// What is learnt of a snapshot when it moves.
#[derive(Debug, Clone, Copy, Default)]
pub struct SnapshotNews<'a> {
    /// The pool that it will be on.
    pub pool: Option<StoragePoolId>,
    /// That it is there.
    pub copied: Option<&'a Copied>,
    /// Why it is not.
    pub error: Option<&'a str>,
}
