//! Table `volume`: disks. A volume's row is also its claim on its pool's space.

use hostler_model::{
    AccountId, Bytes, HostId, StoragePoolId, TemplateId, Timestamp, Version, VmId, VolumeEvent,
    VolumeId, VolumeState, ZoneId,
};
use rusqlite::{Row, params};
use serde::Deserialize;

use crate::columns::{json, stored};
use crate::{StoreError, Tx};

/// A volume as it is recorded.
#[derive(Debug, Clone, Deserialize)]
pub struct VolumeRow {
    /// Its id.
    pub id: VolumeId,
    /// The VM that it is attached to.
    pub vm: Option<VmId>,
    /// Whether it is the root volume.
    pub is_root: bool,
    /// Its number in the VM.
    pub device: u32,
    /// What it is made from.
    pub template: Option<TemplateId>,
    /// How large the guest sees it.
    pub size: Bytes,
    /// Where it is in its life.
    pub state: VolumeState,
    /// How often the row was changed.
    pub version: Version,
    /// The pool that it lives on.
    pub pool: Option<StoragePoolId>,
    /// The host of that pool.
    pub host: Option<HostId>,
}

/// The volumes of the VM `?1`, each a [`VolumeRow`] in JSON, the root volume first.
pub(crate) const VOLUMES: &str = "SELECT json_object('id', volume.id, 'vm', volume.vm,
         'is_root', json(iif(volume.kind = 'ROOT', 'true', 'false')), 'device', volume.device,
         'template', volume.template, 'size', volume.size, 'state', volume.state, 'version', volume.version,
         'pool', volume.pool, 'host', storage_pool.host) AS volume
     FROM volume LEFT JOIN storage_pool ON storage_pool.id = volume.pool
     WHERE volume.vm = ?1 AND volume.removed IS NULL ORDER BY volume.device, volume.number";

/// Records the root volume of a VM, `Allocated`.
///
/// # Errors
/// [`StoreError::Sqlite`].
#[allow(clippy::too_many_arguments)] // one row, one column each
pub fn volume_add_root(
    tx: &Tx<'_>,
    id: VolumeId,
    vm: VmId,
    account: AccountId,
    zone: ZoneId,
    template: TemplateId,
    size: Bytes,
    name: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "record a volume",
        "INSERT INTO volume (id, account, zone, vm, kind, device, name, template, size, format, state, created)
         VALUES (?1, ?2, ?3, ?4, 'ROOT', 0, ?5, ?6, ?7, 'QCOW2', 'Allocated', ?8)",
        params![
            id.to_string(),
            account.to_string(),
            zone.to_string(),
            vm.to_string(),
            name,
            template.to_string(),
            stored(size.0),
            now.0,
        ],
    )?;
    Ok(())
}

/// The volumes of a VM, the root volume first.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn volumes_of(tx: &Tx<'_>, vm: VmId) -> Result<Vec<VolumeRow>, StoreError> {
    let read = |row: &Row<'_>| json(row, "volume");
    tx.rows("read the volumes of a VM", VOLUMES, params![vm.to_string()], read)
}

/// Moves a volume along `event` and sets its pool.
///
/// # Errors
/// [`StoreError::Transition`]; [`StoreError::Stale`] if someone changed it since the caller read it.
pub fn volume_transition(
    tx: &Tx<'_>,
    volume: &VolumeRow,
    event: VolumeEvent,
    pool: Option<StoragePoolId>,
    path: Option<&str>,
    now: Timestamp,
) -> Result<VolumeRow, StoreError> {
    let state = volume.state.next(event)?;
    let version = volume.version.next();
    let removed = (state == VolumeState::Expunged).then_some(now.0);
    let changed = tx.execute(
        "record a volume's new state",
        "UPDATE volume SET state = ?3, version = ?4, pool = ?5, path = coalesce(?6, path), removed = ?7
         WHERE id = ?1 AND version = ?2",
        params![
            volume.id.to_string(),
            volume.version.0,
            state.as_str(),
            version.0,
            pool.map(|p| p.to_string()),
            path,
            removed,
        ],
    )?;
    if changed == 0 {
        return Err(StoreError::Stale {
            what: "volume",
            id: volume.id.to_string(),
            seen: volume.version,
            there: Version(-1),
        });
    }
    Ok(VolumeRow { state, version, pool, ..volume.clone() })
}
