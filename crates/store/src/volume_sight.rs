//! Table `volume`, as hosts see it: what is believed on a host's pools, and what of it the host says that it lacks.
//!
//! Not here: the life of a volume (`volume`).

use hostler_model::{HostId, StoragePoolId, VmId, VolumeId};
use rusqlite::params;

use crate::columns::{parsed, parsed_or_null, to_json};
use crate::{StoreError, Tx};

/// A volume that the record believes on a host, and that the host does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LackingVolume {
    /// The volume.
    pub id: VolumeId,
    /// Its name.
    pub name: String,
    /// Whether it is a root volume.
    pub is_root: bool,
    /// The VM that it is attached to.
    pub vm: Option<VmId>,
    /// Name of the host.
    pub host_name: String,
}

/// The volumes that are written on the pools of a host, by the record.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn volumes_on(tx: &Tx<'_>, host: HostId) -> Result<Vec<(StoragePoolId, VolumeId)>, StoreError> {
    tx.rows(
        "list the volumes that are believed on a host",
        // the pools come first: in the order of volumes, all volumes of the cloud would be looked at
        "SELECT v.pool, v.id FROM storage_pool p CROSS JOIN volume v ON v.pool = p.id
         WHERE p.host = ?1 AND p.removed IS NULL AND v.state = 'Ready' AND v.removed IS NULL ORDER BY v.number",
        params![host.to_string()],
        |row| Ok((parsed(row, "pool")?, parsed(row, "id")?)),
    )
}

/// Those of `said`, what hosts say that they lack, that the record still believes there. What a job is at is left out.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn volumes_lacking(
    tx: &Tx<'_>,
    said: &[(HostId, VolumeId)],
) -> Result<Vec<LackingVolume>, StoreError> {
    if said.is_empty() {
        return Ok(Vec::new());
    }
    let said: Vec<_> =
        said.iter().map(|(host, volume)| (host.to_string(), volume.to_string())).collect();
    tx.rows(
        "look up the volumes that hosts lack",
        "SELECT v.id, v.name, v.kind = 'ROOT' AS is_root, v.vm, h.name AS host_name
         FROM (SELECT json_extract(value, '$[0]') AS host, json_extract(value, '$[1]') AS volume FROM json_each(?1)) AS n
         JOIN volume v ON v.id = n.volume JOIN storage_pool p ON p.id = v.pool AND p.host = n.host
         JOIN host h ON h.id = p.host
         WHERE v.state = 'Ready' AND v.removed IS NULL AND NOT EXISTS (
             SELECT 1 FROM job WHERE job.finished IS NULL AND job.subject IN (v.id, v.vm))
         ORDER BY v.number",
        params![to_json(&said)],
        |row| {
            Ok(LackingVolume {
                id: parsed(row, "id")?,
                name: row.get("name")?,
                is_root: row.get("is_root")?,
                vm: parsed_or_null(row, "vm")?,
                host_name: row.get("host_name")?,
            })
        },
    )
}
