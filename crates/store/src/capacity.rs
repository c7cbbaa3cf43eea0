//! How much there is of what can be sold, and how much of it is: computed from hosts, claims, pools and volumes.
//!
//! Not here: one host's room, as the scheduler needs it (`claim`).

use hostler_model::{ClusterId, PodId, ZoneId};
use rusqlite::params;
use uuid::Uuid;

use crate::columns::{amount, parsed, parsed_or_null};
use crate::{StoreError, Tx};

/// By what capacity is added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    /// All that is in a zone.
    Zone,
    /// All that is in a pod.
    Pod,
    /// All that is in a cluster.
    Cluster,
}

/// Kinds of capacity, by the numbers that clients know.
pub mod kind {
    /// Memory, in bytes.
    pub const MEMORY: u16 = 0;
    /// CPU, in MHz.
    pub const CPU: u16 = 1;
    /// What is written on the disks of storage pools, in bytes.
    pub const STORAGE: u16 = 2;
    /// What is given to volumes on storage pools that hosts share, in bytes.
    pub const STORAGE_ALLOCATED: u16 = 3;
    /// What is given to volumes on hosts' own disks, in bytes.
    pub const LOCAL_STORAGE: u16 = 9;
}

/// How much there is of one kind at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapacityRow {
    /// See [`kind`].
    pub kind: u16,
    /// The zone.
    pub zone: ZoneId,
    /// Its name.
    pub zone_name: String,
    /// The pod, if it is one pod's or less.
    pub pod: Option<PodId>,
    /// Its name.
    pub pod_name: Option<String>,
    /// The cluster, if it is one cluster's.
    pub cluster: Option<ClusterId>,
    /// Its name.
    pub cluster_name: Option<String>,
    /// Sold, or in use.
    pub used: u64,
    /// All there is, after overcommit.
    pub total: u64,
}

impl CapacityRow {
    /// The place that it is about.
    pub fn place(&self) -> Uuid {
        match (self.cluster, self.pod) {
            (Some(cluster), _) => cluster.uuid(),
            (None, Some(pod)) => pod.uuid(),
            (None, None) => self.zone.uuid(),
        }
    }
}

/// Only what is there.
#[derive(Debug, Clone, Copy, Default)]
pub struct CapacityFilter {
    /// In this zone.
    pub zone: Option<ZoneId>,
    /// In this pod.
    pub pod: Option<PodId>,
    /// In this cluster.
    pub cluster: Option<ClusterId>,
}

/// What each host and each pool adds. Claims are of the physical machine; what was sold is more by the ratio.
const PARTS: &str = "
    WITH sold AS (
        SELECT k.host AS host, sum(k.memory_mib * r.memory_ratio) AS memory, sum(k.cpu_mhz * r.cpu_ratio) AS cpu
        FROM claim k JOIN vm_run r ON r.id = k.run GROUP BY k.host
    ), machine AS (
        SELECT h.zone, h.pod, h.cluster, coalesce(sold.memory, 0) AS memory, coalesce(sold.cpu, 0) AS cpu,
            max(h.memory_mib - h.reserved_mib, 0) * c.memory_ratio AS all_memory,
            h.cpus * h.cpu_mhz * c.cpu_ratio AS all_cpu
        FROM host h JOIN cluster c ON c.id = h.cluster LEFT JOIN sold ON sold.host = h.id
        WHERE h.kind = 'Routing' AND h.removed IS NULL
    ), pool AS (
        SELECT s.zone, s.pod, s.cluster, s.host, s.used, s.capacity,
            (SELECT coalesce(sum(v.size), 0) FROM volume v WHERE v.pool = s.id AND v.removed IS NULL) AS given
        FROM storage_pool s WHERE s.removed IS NULL
    ), part AS (
        SELECT 0 AS kind, zone, pod, cluster, memory * 1048576 AS used, all_memory * 1048576 AS total FROM machine
        UNION ALL SELECT 1, zone, pod, cluster, cpu, all_cpu FROM machine
        UNION ALL SELECT 2, zone, pod, cluster, used, capacity FROM pool
        UNION ALL SELECT CASE WHEN host IS NULL THEN 3 ELSE 9 END, zone, pod, cluster, given, capacity FROM pool
    )";

/// Every kind of capacity at every place, by place and kind.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn capacities(
    tx: &Tx<'_>,
    per: Per,
    filter: CapacityFilter,
) -> Result<Vec<CapacityRow>, StoreError> {
    let (pod, cluster, group) = match per {
        Per::Zone => ("NULL", "NULL", "part.zone"),
        Per::Pod => ("part.pod", "NULL", "part.zone, part.pod"),
        Per::Cluster => ("part.pod", "part.cluster", "part.zone, part.pod, part.cluster"),
    };
    let sql = format!(
        "{PARTS} SELECT kind, part.zone AS zone, z.name AS zone_name, {pod} AS pod, p.name AS pod_name,
            {cluster} AS cluster, c.name AS cluster_name,
            CAST(round(sum(part.used)) AS INTEGER) AS used, CAST(round(sum(part.total)) AS INTEGER) AS total
         FROM part JOIN zone z ON z.id = part.zone LEFT JOIN pod p ON p.id = {pod}
             LEFT JOIN cluster c ON c.id = {cluster}
         WHERE (?1 IS NULL OR part.zone = ?1) AND (?2 IS NULL OR part.pod = ?2)
             AND (?3 IS NULL OR part.cluster = ?3)
         GROUP BY {group}, kind ORDER BY z.name, p.name, c.name, {group}, kind"
    );
    tx.rows(
        "add up what there is",
        &sql,
        params![
            filter.zone.map(|id| id.to_string()),
            filter.pod.map(|id| id.to_string()),
            filter.cluster.map(|id| id.to_string()),
        ],
        |row| {
            Ok(CapacityRow {
                kind: row.get("kind")?,
                zone: parsed(row, "zone")?,
                zone_name: row.get("zone_name")?,
                pod: parsed_or_null(row, "pod")?,
                pod_name: row.get("pod_name")?,
                cluster: parsed_or_null(row, "cluster")?,
                cluster_name: row.get("cluster_name")?,
                used: amount(row, "used")?,
                total: amount(row, "total")?,
            })
        },
    )
}
