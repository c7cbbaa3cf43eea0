//! Storage pools as they are listed, with the names of where they are and what is given out of them.
//!
//! Not here: how a pool comes to be recorded (`storage_pool`).

use hostler_model::{Bytes, ClusterId, HostId, PodId, StoragePoolId, Timestamp, ZoneId};
use rusqlite::Row;

use crate::columns::{amount, parsed, parsed_or_null, time};
use crate::listing::{Listed, Page, Query};
use crate::{StoreError, Tx};

/// A storage pool with all that a reader of a list wants to know of it.
#[derive(Debug, Clone)]
pub struct StoragePoolView {
    /// Its id.
    pub id: StoragePoolId,
    /// Its name.
    pub name: String,
    /// `Directory`.
    pub kind: String,
    /// The zone that it is in.
    pub zone: ZoneId,
    /// That zone's name.
    pub zone_name: String,
    /// The pod that it is in.
    pub pod: Option<PodId>,
    /// That pod's name.
    pub pod_name: Option<String>,
    /// The cluster that it is in.
    pub cluster: Option<ClusterId>,
    /// That cluster's name.
    pub cluster_name: Option<String>,
    /// The host whose disks it is on.
    pub host: Option<HostId>,
    /// That host's address.
    pub host_address: Option<String>,
    /// Where it is on the host.
    pub path: String,
    /// `Up`, ...
    pub state: String,
    /// Size of its file system.
    pub capacity: Bytes,
    /// In use there, by whomever.
    pub used: Bytes,
    /// Given to volumes.
    pub allocated: Bytes,
    /// Its tags, separated by commas.
    pub tags: String,
    /// Since when there has been one.
    pub created: Timestamp,
}

/// Which pools to list.
#[derive(Debug, Clone, Default)]
pub struct StoragePoolFilter {
    /// This one.
    pub id: Option<StoragePoolId>,
    /// Those of this name.
    pub name: Option<String>,
    /// Those in this zone.
    pub zone: Option<ZoneId>,
    /// Those in this pod.
    pub pod: Option<PodId>,
    /// Those in this cluster.
    pub cluster: Option<ClusterId>,
    /// Those of this host.
    pub host: Option<HostId>,
    /// Those at this path.
    pub path: Option<String>,
    /// Those of hosts with this address.
    pub address: Option<String>,
    /// Those in this state.
    pub state: Option<String>,
    /// Those of one host only, or only those that hosts share.
    pub local: Option<bool>,
    /// Those whose name contains this.
    pub keyword: Option<String>,
}

/// Pools by their names.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn storage_pool_list(
    tx: &Tx<'_>,
    filter: &StoragePoolFilter,
    page: Page,
) -> Result<Listed<StoragePoolView>, StoreError> {
    Query::new(
        "s.*, z.name AS zone_name, p.name AS pod_name, c.name AS cluster_name,
         h.private_address AS host_address,
         (SELECT coalesce(sum(v.size), 0) FROM volume v
          WHERE v.pool = s.id AND v.removed IS NULL) AS allocated",
        "storage_pool s JOIN zone z ON z.id = s.zone LEFT JOIN pod p ON p.id = s.pod
         LEFT JOIN cluster c ON c.id = s.cluster LEFT JOIN host h ON h.id = s.host",
        "s.name, s.id",
    )
    .only("s.removed IS NULL")
    .is("s.id", filter.id)
    .is("s.name", filter.name.as_deref())
    .is("s.zone", filter.zone)
    .is("s.pod", filter.pod)
    .is("s.cluster", filter.cluster)
    .is("s.host", filter.host)
    .is("s.path", filter.path.as_deref())
    .is("h.private_address", filter.address.as_deref())
    .filter("s.state = ? COLLATE NOCASE", filter.state.clone())
    .filter("(s.host IS NOT NULL) = ?", filter.local)
    .keyword(&["s.name"], filter.keyword.as_deref())
    .list(tx, "list storage pools", page, read)
}

fn read(row: &Row<'_>) -> rusqlite::Result<StoragePoolView> {
    Ok(StoragePoolView {
        id: parsed(row, "id")?,
        name: row.get("name")?,
        kind: row.get("kind")?,
        zone: parsed(row, "zone")?,
        zone_name: row.get("zone_name")?,
        pod: parsed_or_null(row, "pod")?,
        pod_name: row.get("pod_name")?,
        cluster: parsed_or_null(row, "cluster")?,
        cluster_name: row.get("cluster_name")?,
        host: parsed_or_null(row, "host")?,
        host_address: row.get("host_address")?,
        path: row.get("path")?,
        state: row.get("state")?,
        capacity: Bytes(amount(row, "capacity")?),
        used: Bytes(amount(row, "used")?),
        allocated: Bytes(amount(row, "allocated")?),
        tags: row.get("tags")?,
        created: time(row, "created")?,
    })
}
