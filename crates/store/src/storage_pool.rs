//! Table `storage_pool`: where volumes live.
//!
//! Not here: what a pool has room for, which is computed from its volumes (`volume`).

use hostler_model::{Bytes, ClusterId, HostId, PodId, StoragePoolId, Timestamp, ZoneId};
use rusqlite::{Row, params};

use crate::columns::{amount, parsed, parsed_or_null, stored, time, time_or_null};
use crate::{StoreError, Tx};

/// A storage pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoragePoolRow {
    /// Which one.
    pub id: StoragePoolId,
    /// Its name, for people.
    pub name: String,
    /// `Directory`: a directory of one host.
    pub kind: String,
    /// Its zone.
    pub zone: ZoneId,
    /// Its pod, if it belongs to one.
    pub pod: Option<PodId>,
    /// Its cluster, if it belongs to one.
    pub cluster: Option<ClusterId>,
    /// Its host, if it is local.
    pub host: Option<HostId>,
    /// Where it is on its hosts.
    pub path: String,
    /// `Up`; `Disabled`: takes no new volumes; `Maintenance`: no VM may use it; `Removed`.
    pub state: String,
    /// Size of its file system.
    pub capacity: Bytes,
    /// In use there, by whomever, as its host last said.
    pub used: Bytes,
    /// Tags, comma separated.
    pub tags: String,
    /// When it was first seen.
    pub created: Timestamp,
    /// When it was removed.
    pub removed: Option<Timestamp>,
}

const COLUMNS: &str =
    "id, name, kind, zone, pod, cluster, host, path, state, capacity, used, tags, created, removed";

fn read(row: &Row<'_>) -> rusqlite::Result<StoragePoolRow> {
    Ok(StoragePoolRow {
        id: parsed(row, "id")?,
        name: row.get("name")?,
        kind: row.get("kind")?,
        zone: parsed(row, "zone")?,
        pod: parsed_or_null(row, "pod")?,
        cluster: parsed_or_null(row, "cluster")?,
        host: parsed_or_null(row, "host")?,
        path: row.get("path")?,
        state: row.get("state")?,
        capacity: Bytes(amount(row, "capacity")?),
        used: Bytes(amount(row, "used")?),
        tags: row.get("tags")?,
        created: time(row, "created")?,
        removed: time_or_null(row, "removed")?,
    })
}

/// A pool that is not removed.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn storage_pool_get(tx: &Tx<'_>, pool: StoragePoolId) -> Result<StoragePoolRow, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM storage_pool WHERE id = ?1 AND removed IS NULL");
    tx.row("read a storage pool", &sql, params![pool.to_string()], read)?
        .ok_or_else(|| StoreError::NotFound { what: "storage pool", id: pool.to_string() })
}

/// Every pool that is not removed, of `host` or of all, by name.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn storage_pool_list(
    tx: &Tx<'_>,
    host: Option<HostId>,
) -> Result<Vec<StoragePoolRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM storage_pool
         WHERE removed IS NULL AND (?1 IS NULL OR host = ?1) ORDER BY name, id"
    );
    tx.rows("list storage pools", &sql, params![host.map(|h| h.to_string())], read)
}

/// Records a host's local pool as the host describes it: made when it is new, else brought up to date.
/// A pool that was removed with its host comes back with it.
///
/// # Errors
/// [`StoreError::Taken`] if a pool of this id belongs to another host that is not removed.
pub fn storage_pool_upsert_local(
    tx: &Tx<'_>,
    pool: &StoragePoolRow,
    now: Timestamp,
) -> Result<(), StoreError> {
    let changed = tx.execute(
        "record a local storage pool",
        "INSERT INTO storage_pool (id, name, kind, zone, pod, cluster, host, path, state, capacity, used, created)
         VALUES (?1, ?2, 'Directory', ?3, ?4, ?5, ?6, ?7, 'Up', ?8, ?9, ?10)
         ON CONFLICT (id) DO UPDATE SET zone = ?3, pod = ?4, cluster = ?5, host = ?6, path = ?7,
             state = CASE WHEN removed IS NULL THEN state ELSE 'Up' END,
             capacity = ?8, used = ?9, removed = NULL
         WHERE host = ?6 OR host IN (SELECT id FROM host WHERE removed IS NOT NULL)",
        params![
            pool.id.to_string(),
            pool.name,
            pool.zone.to_string(),
            pool.pod.map(|id| id.to_string()),
            pool.cluster.map(|id| id.to_string()),
            pool.host.map(|id| id.to_string()),
            pool.path,
            stored(pool.capacity.0),
            stored(pool.used.0),
            now.0,
        ],
    )?;
    if changed == 0 {
        return Err(StoreError::Taken(format!(
            "storage pool {} belongs to another host; give each host its own local.storage.uuid",
            pool.id
        )));
    }
    Ok(())
}

/// Records how full a pool of `host` is; a pool of another host is left as it is.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn storage_pool_set_use(
    tx: &Tx<'_>,
    host: HostId,
    pool: StoragePoolId,
    capacity: Bytes,
    used: Bytes,
) -> Result<(), StoreError> {
    tx.execute(
        "record the use of a storage pool",
        "UPDATE storage_pool SET capacity = ?3, used = ?4
         WHERE id = ?1 AND host = ?2 AND removed IS NULL AND (capacity <> ?3 OR used <> ?4)",
        params![pool.to_string(), host.to_string(), stored(capacity.0), stored(used.0)],
    )?;
    Ok(())
}

/// Removes the local pools of a host from the record; what they hold stays on the host.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn storage_pool_remove_of_host(
    tx: &Tx<'_>,
    host: HostId,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "remove a host's storage pools",
        "UPDATE storage_pool SET state = 'Removed', removed = ?2 WHERE host = ?1 AND removed IS NULL",
        params![host.to_string(), now.0],
    )?;
    Ok(())
}

/// Changes a pool's name, tags and state.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn storage_pool_update(tx: &Tx<'_>, row: &StoragePoolRow) -> Result<(), StoreError> {
    let changed = tx.execute(
        "change a storage pool",
        "UPDATE storage_pool SET name = ?2, tags = ?3, state = ?4 WHERE id = ?1 AND removed IS NULL",
        params![row.id.to_string(), row.name, row.tags, row.state],
    )?;
    if changed == 0 {
        return Err(StoreError::NotFound { what: "storage pool", id: row.id.to_string() });
    }
    Ok(())
}

/// Instance names of the VMs that may be alive and have volumes on a pool.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn storage_pool_runs(tx: &Tx<'_>, pool: StoragePoolId) -> Result<Vec<String>, StoreError> {
    tx.rows(
        "look for VMs that use a storage pool",
        "SELECT DISTINCT vm.instance_name FROM volume v JOIN vm ON vm.id = v.vm JOIN vm_run r ON r.vm = vm.id
         WHERE v.pool = ?1 AND v.removed IS NULL AND r.state <> 'Ended' ORDER BY vm.number",
        params![pool.to_string()],
        |row| row.get("instance_name"),
    )
}
