//! Table `volume`: disks. A volume's row is also its claim on its pool's space.

use hostler_model::{
    AccountId, Bytes, DiskOfferingId, DiskTerms, HostId, JobId, StoragePoolId, TemplateId,
    Timestamp, Version, VmId, VolumeEvent, VolumeId, VolumeState, ZoneId,
};
use rusqlite::{Row, params};
use serde::Deserialize;

use crate::columns::{amount, json, stored};
use crate::{StoreError, Tx};

/// Volumes as [`VolumeRow`]s in JSON.
macro_rules! volume_json {
    () => {
        "SELECT json_object('id', volume.id, 'name', volume.name, 'account', volume.account, 'zone', volume.zone,
             'vm', volume.vm, 'is_root', json(iif(volume.kind = 'ROOT', 'true', 'false')),
             'device', volume.device, 'template', volume.template, 'size', volume.size, 'state', volume.state,
             'version', volume.version, 'pool', volume.pool, 'host', p.host, 'host_name', h.name,
             'offering', volume.disk_offering, 'tags', coalesce(o.tags, ''),
             'terms', json(coalesce(o.terms, (SELECT so.disk_terms FROM vm JOIN service_offering so ON so.id = vm.offering
                 WHERE vm.id = volume.vm AND volume.kind = 'ROOT'), '{}')),
             'busy', (SELECT job.id FROM job WHERE job.id = volume.job AND job.finished IS NULL)) AS volume
         FROM volume LEFT JOIN storage_pool p ON p.id = volume.pool LEFT JOIN host h ON h.id = p.host
         LEFT JOIN disk_offering o ON o.id = volume.disk_offering"
    };
}
pub(crate) use volume_json;

/// A volume as it is recorded.
#[derive(Debug, Clone, Deserialize)]
pub struct VolumeRow {
    /// Its id.
    pub id: VolumeId,
    /// Its name, for people.
    pub name: String,
    /// Whose it is.
    pub account: AccountId,
    /// Where it may be used.
    pub zone: ZoneId,
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
    /// That host's name.
    pub host_name: Option<String>,
    /// What it was sold as, for a data volume and the root volume of a VM from an ISO.
    pub offering: Option<DiskOfferingId>,
    /// Tags that its pool must have, comma separated.
    pub tags: String,
    /// How fast it may be, and whether its host caches it: what its offering says, of a root volume its VM's.
    pub terms: DiskTerms,
    /// The job that works on it just now.
    pub busy: Option<JobId>,
}

/// The volumes of the VM `?1`, each a [`VolumeRow`] in JSON, the root volume first.
pub(crate) const VOLUMES: &str = concat!(
    volume_json!(),
    " WHERE volume.vm = ?1 AND volume.removed IS NULL ORDER BY volume.device, volume.number"
);

/// One volume, in JSON.
const VOLUME: &str = concat!(volume_json!(), " WHERE volume.id = ?1 AND volume.removed IS NULL");

/// The data volumes of an account.
const OF_ACCOUNT: &str = concat!(
    volume_json!(),
    " WHERE volume.account = ?1 AND volume.kind = 'DATADISK' AND volume.removed IS NULL ORDER BY volume.number"
);

/// What a root volume is made from.
#[derive(Debug, Clone, Copy)]
pub enum RootSource {
    /// A template.
    Template(TemplateId),
    /// Nothing: it is empty, and its size is sold as this.
    Offering(DiskOfferingId),
    /// It was there before the cloud.
    Adopted,
}

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
    source: RootSource,
    size: Bytes,
    name: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (template, offering) = match source {
        RootSource::Template(template) => (Some(template.to_string()), None),
        RootSource::Offering(offering) => (None, Some(offering.to_string())),
        RootSource::Adopted => (None, None),
    };
    tx.execute(
        "record a volume",
        "INSERT INTO volume (id, account, zone, vm, kind, device, name, template, size, format, state, created,
             disk_offering)
         VALUES (?1, ?2, ?3, ?4, 'ROOT', 0, ?5, ?6, ?7, 'QCOW2', 'Allocated', ?8, ?9)",
        params![
            id.to_string(),
            account.to_string(),
            zone.to_string(),
            vm.to_string(),
            name,
            template,
            stored(size.0),
            now.0,
            offering,
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
    fresh(changed, volume)?;
    Ok(VolumeRow { state, version, pool, ..volume.clone() })
}

fn fresh(changed: usize, volume: &VolumeRow) -> Result<(), StoreError> {
    if changed == 0 {
        return Err(StoreError::Stale {
            what: "volume",
            id: volume.id.to_string(),
            seen: volume.version,
            there: Version(-1),
        });
    }
    Ok(())
}

/// A data volume that is to be recorded; it begins `Allocated`.
#[derive(Debug, Clone)]
pub struct NewDataVolume {
    /// Its id.
    pub id: VolumeId,
    /// Whose it is.
    pub account: AccountId,
    /// Where it may be used.
    pub zone: ZoneId,
    /// The VM that it is made with, and its number there.
    pub vm: Option<(VmId, u32)>,
    /// Its name.
    pub name: String,
    /// What it is sold as; nothing: it is as large as the root volume that it is a copy of.
    pub offering: Option<DiskOfferingId>,
    /// How large a guest sees it.
    pub size: Bytes,
}

/// Records a data volume.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn volume_add(tx: &Tx<'_>, new: &NewDataVolume, now: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "record a data volume",
        "INSERT INTO volume (id, account, zone, vm, kind, device, name, size, format, state, created, disk_offering,
             attached)
         VALUES (?1, ?2, ?3, ?4, 'DATADISK', ?5, ?6, ?7, 'QCOW2', 'Allocated', ?8, ?9, iif(?4 IS NULL, NULL, ?8))",
        params![
            new.id.to_string(),
            new.account.to_string(),
            new.zone.to_string(),
            new.vm.map(|(vm, _)| vm.to_string()),
            new.vm.map_or(0, |(_, device)| device),
            new.name,
            stored(new.size.0),
            now.0,
            new.offering.map(|offering| offering.to_string()),
        ],
    )?;
    Ok(())
}

/// A volume that is not deleted.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn volume_get(tx: &Tx<'_>, id: VolumeId) -> Result<VolumeRow, StoreError> {
    let read = |row: &Row<'_>| json(row, "volume");
    tx.row("read a volume", VOLUME, params![id.to_string()], read)?
        .ok_or_else(|| StoreError::NotFound { what: "volume", id: id.to_string() })
}

/// The data volumes of an account, attached or not.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn volumes_of_account(tx: &Tx<'_>, account: AccountId) -> Result<Vec<VolumeRow>, StoreError> {
    let read = |row: &Row<'_>| json(row, "volume");
    tx.rows("read the data volumes of an account", OF_ACCOUNT, params![account.to_string()], read)
}

/// Takes a volume for a job: until that job is finished no other can take it.
///
/// # Errors
/// [`StoreError::Taken`] names the job that has it.
pub fn volume_take(tx: &Tx<'_>, volume: &VolumeRow, job: JobId) -> Result<(), StoreError> {
    let changed = tx.execute(
        "take a volume for a job",
        "UPDATE volume SET job = ?2 WHERE id = ?1 AND removed IS NULL
         AND NOT EXISTS (SELECT 1 FROM job WHERE job.id = volume.job AND job.finished IS NULL)",
        params![volume.id.to_string(), job.to_string()],
    )?;
    if changed == 0 {
        let other =
            volume.busy.map_or_else(|| "another job".to_owned(), |job| format!("job {job}"));
        let text = format!("{other} works on volume {}; wait for its end", volume.name);
        return Err(StoreError::Taken(text));
    }
    Ok(())
}

/// Gives a volume to a VM under a number, or takes it from the VM that has it.
///
/// # Errors
/// [`StoreError::Stale`]; [`StoreError::Sqlite`], a unique violation if the number is taken.
pub fn volume_set_vm(
    tx: &Tx<'_>,
    volume: &VolumeRow,
    to: Option<(VmId, u32)>,
    now: Timestamp,
) -> Result<VolumeRow, StoreError> {
    let (vm, device) = (to.map(|to| to.0), to.map_or(0, |to| to.1));
    let version = volume.version.next();
    let changed = tx.execute(
        "record whose disk a volume is",
        "UPDATE volume SET vm = ?3, device = ?4, attached = ?5, version = ?6 WHERE id = ?1 AND version = ?2",
        params![
            volume.id.to_string(),
            volume.version.0,
            vm.map(|vm| vm.to_string()),
            device,
            vm.map(|_| now.0),
            version.0,
        ],
    )?;
    fresh(changed, volume)?;
    Ok(VolumeRow { vm, device, version, ..volume.clone() })
}

/// Sets size and offering of a volume.
///
/// # Errors
/// [`StoreError::Stale`].
pub fn volume_set_size(
    tx: &Tx<'_>,
    volume: &VolumeRow,
    size: Bytes,
    offering: Option<DiskOfferingId>,
) -> Result<VolumeRow, StoreError> {
    let version = volume.version.next();
    let changed = tx.execute(
        "record the size of a volume",
        "UPDATE volume SET size = ?3, disk_offering = ?4, version = ?5 WHERE id = ?1 AND version = ?2",
        params![
            volume.id.to_string(),
            volume.version.0,
            stored(size.0),
            offering.map(|id| id.to_string()),
            version.0,
        ],
    )?;
    fresh(changed, volume)?;
    Ok(VolumeRow { size, version, offering, ..volume.clone() })
}

/// Renames a volume.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn volume_rename(tx: &Tx<'_>, id: VolumeId, name: &str) -> Result<(), StoreError> {
    let sql = "UPDATE volume SET name = ?2 WHERE id = ?1 AND removed IS NULL";
    match tx.execute("rename a volume", sql, params![id.to_string(), name])? {
        0 => Err(StoreError::NotFound { what: "volume", id: id.to_string() }),
        _ => Ok(()),
    }
}

/// A pool with what it can still take.
#[derive(Debug, Clone)]
pub struct PoolRoom {
    /// Its id.
    pub id: StoragePoolId,
    /// Its name.
    pub name: String,
    /// Name of the host whose it is.
    pub host_name: Option<String>,
    /// Its tags, comma separated.
    pub tags: String,
    /// Whether it takes new volumes.
    pub is_up: bool,
    /// What is neither in use nor promised to a volume.
    pub free: Bytes,
}

const ROOM: &str = "SELECT p.id AS id, p.name AS name, p.tags AS tags,
         (SELECT host.name FROM host WHERE host.id = p.host) AS host_name, max(0, p.capacity
         - max(p.used, (SELECT coalesce(sum(size), 0) FROM volume WHERE volume.pool = p.id AND removed IS NULL)
             + (SELECT coalesce(sum(coalesce(physical_size, size)), 0) FROM snapshot
                WHERE snapshot.pool = p.id AND removed IS NULL AND state <> 'Error'))) AS free,
     p.state = 'Up' AS is_up FROM storage_pool p WHERE p.removed IS NULL AND ";

fn room(row: &Row<'_>) -> rusqlite::Result<PoolRoom> {
    Ok(PoolRoom {
        id: crate::columns::parsed(row, "id")?,
        name: row.get("name")?,
        host_name: row.get("host_name")?,
        tags: row.get("tags")?,
        is_up: row.get("is_up")?,
        free: Bytes(amount(row, "free")?),
    })
}

/// The local pool of a host, if it has one.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn pool_room_of_host(tx: &Tx<'_>, host: HostId) -> Result<Option<PoolRoom>, StoreError> {
    let sql = format!("{ROOM} p.host = ?1");
    tx.row("read the room on a host's pool", &sql, params![host.to_string()], room)
}

/// What a pool can still take.
///
/// # Errors
/// [`StoreError::Exhausted`] if that is less than `wanted`, or the pool is not Up.
pub fn pool_require_room(
    tx: &Tx<'_>,
    pool: StoragePoolId,
    wanted: Bytes,
) -> Result<(), StoreError> {
    let sql = format!("{ROOM} p.id = ?1");
    match tx.row("read the room on a pool", &sql, params![pool.to_string()], room)? {
        Some(room) if !room.is_up => {
            Err(StoreError::Exhausted(format!("storage pool {} takes no new volumes", room.name)))
        }
        Some(room) if room.free >= wanted => Ok(()),
        Some(room) => Err(StoreError::Exhausted(format!(
            "storage pool {} has {} free of the {wanted} wanted",
            room.name, room.free
        ))),
        None => Err(StoreError::Exhausted(format!("storage pool {pool} is gone"))),
    }
}
