//! Table `cluster`: hosts between which VMs can migrate.

use hostler_model::{AllocationState, ClusterId, PodId, Timestamp, ZoneId};
use rusqlite::{Row, params};

use crate::columns::{parsed, time};
use crate::listing::{Listed, Page, Query};
use crate::{StoreError, Tx, still_used};

/// Hosts that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterRow {
    /// Its id.
    pub id: ClusterId,
    /// The zone that it is in.
    pub zone: ZoneId,
    /// The pod that it is in.
    pub pod: PodId,
    /// Its name, unique in its pod.
    pub name: String,
    /// `KVM`.
    pub hypervisor: String,
    /// Whether it takes new VMs.
    pub allocation_state: AllocationState,
    /// How often its hosts' CPUs are sold.
    pub cpu_ratio: f64,
    /// How often its hosts' memory is sold.
    pub memory_ratio: f64,
    /// Since when there has been one.
    pub created: Timestamp,
}

/// A cluster with the names of where it is.
#[derive(Debug, Clone)]
pub struct ClusterView {
    /// The cluster.
    pub row: ClusterRow,
    /// The name of its zone.
    pub zone_name: String,
    /// The name of its pod.
    pub pod_name: String,
}

/// Which clusters to list.
#[derive(Debug, Clone, Default)]
pub struct ClusterFilter {
    /// This one.
    pub id: Option<ClusterId>,
    /// Those in this zone.
    pub zone: Option<ZoneId>,
    /// Those in this pod.
    pub pod: Option<PodId>,
    /// Those of this name.
    pub name: Option<String>,
    /// Those of this hypervisor.
    pub hypervisor: Option<String>,
    /// Those with hosts of this machine architecture.
    pub arch: Option<String>,
    /// Those in this state.
    pub allocation_state: Option<AllocationState>,
    /// Those whose name contains this.
    pub keyword: Option<String>,
}

/// Adds a cluster.
///
/// # Errors
/// [`StoreError::Sqlite`], a unique violation if the pod has one of that name.
pub fn cluster_add(tx: &Tx<'_>, row: &ClusterRow) -> Result<(), StoreError> {
    tx.execute(
        "record a cluster",
        "INSERT INTO cluster (id, zone, pod, name, hypervisor, allocation_state, cpu_ratio, memory_ratio, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            row.id.to_string(),
            row.zone.to_string(),
            row.pod.to_string(),
            row.name,
            row.hypervisor,
            row.allocation_state.as_str(),
            row.cpu_ratio,
            row.memory_ratio,
            row.created.0,
        ],
    )?;
    Ok(())
}

/// A cluster.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn cluster_get(tx: &Tx<'_>, id: ClusterId) -> Result<ClusterRow, StoreError> {
    tx.row(
        "read a cluster",
        "SELECT * FROM cluster WHERE id = ?1 AND removed IS NULL",
        params![id.to_string()],
        read,
    )?
    .ok_or_else(|| StoreError::NotFound { what: "cluster", id: id.to_string() })
}

/// The cluster of a name in a pod.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn cluster_by_name(
    tx: &Tx<'_>,
    pod: PodId,
    name: &str,
) -> Result<Option<ClusterRow>, StoreError> {
    tx.row(
        "look a cluster up",
        "SELECT * FROM cluster WHERE pod = ?1 AND name = ?2 AND removed IS NULL",
        params![pod.to_string(), name],
        read,
    )
}

/// Changes a cluster's name and whether it takes new VMs.
///
/// # Errors
/// [`StoreError::NotFound`]; [`StoreError::Taken`] if another cluster of the pod has the name.
pub fn cluster_update(tx: &Tx<'_>, row: &ClusterRow) -> Result<(), StoreError> {
    if cluster_by_name(tx, row.pod, &row.name)?.is_some_and(|other| other.id != row.id) {
        let text = format!("the pod has a cluster named {} already; choose another name", row.name);
        return Err(StoreError::Taken(text));
    }
    let changed = tx.execute(
        "change a cluster",
        "UPDATE cluster SET name = ?2, allocation_state = ?3 WHERE id = ?1 AND removed IS NULL",
        params![row.id.to_string(), row.name, row.allocation_state.as_str()],
    )?;
    if changed == 0 {
        return Err(StoreError::NotFound { what: "cluster", id: row.id.to_string() });
    }
    Ok(())
}

/// Removes a cluster that has no hosts.
///
/// # Errors
/// [`StoreError::Taken`] says what is in it, [`StoreError::NotFound`] that there is none.
pub fn cluster_remove(tx: &Tx<'_>, id: ClusterId, now: Timestamp) -> Result<(), StoreError> {
    let cluster = cluster_get(tx, id)?;
    still_used(
        tx,
        &format!("cluster {}", cluster.name),
        "SELECT 'hosts' AS kind, count(*) AS number FROM host WHERE cluster = ?1 AND removed IS NULL",
        &id.to_string(),
    )?;
    tx.execute(
        "remove a cluster",
        "UPDATE cluster SET removed = ?2 WHERE id = ?1",
        params![id.to_string(), now.0],
    )?;
    Ok(())
}

/// Sets how often a cluster's CPUs and memory are sold.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn cluster_set_ratios(
    tx: &Tx<'_>,
    id: ClusterId,
    cpu: f64,
    memory: f64,
) -> Result<(), StoreError> {
    let changed = tx.execute(
        "record the overcommit of a cluster",
        "UPDATE cluster SET cpu_ratio = ?2, memory_ratio = ?3 WHERE id = ?1 AND removed IS NULL",
        params![id.to_string(), cpu, memory],
    )?;
    if changed == 0 {
        return Err(StoreError::NotFound { what: "cluster", id: id.to_string() });
    }
    Ok(())
}

/// Clusters by their names.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn cluster_list(
    tx: &Tx<'_>,
    filter: &ClusterFilter,
    page: Page,
) -> Result<Listed<ClusterView>, StoreError> {
    Query::new(
        "c.*, z.name AS zone_name, p.name AS pod_name",
        "cluster c JOIN zone z ON z.id = c.zone JOIN pod p ON p.id = c.pod",
        "c.name, c.id",
    )
    .only("c.removed IS NULL")
    .is("c.id", filter.id)
    .is("c.zone", filter.zone)
    .is("c.pod", filter.pod)
    .is("c.name", filter.name.as_deref())
    .filter("c.hypervisor = ? COLLATE NOCASE", filter.hypervisor.clone())
    .filter(
        "c.id IN (SELECT cluster FROM host WHERE arch = ? AND removed IS NULL)",
        filter.arch.clone(),
    )
    .is("c.allocation_state", filter.allocation_state)
    .keyword(&["c.name"], filter.keyword.as_deref())
    .list(tx, "list clusters", page, |row| {
        Ok(ClusterView {
            row: read(row)?,
            zone_name: row.get("zone_name")?,
            pod_name: row.get("pod_name")?,
        })
    })
}

fn read(row: &Row<'_>) -> rusqlite::Result<ClusterRow> {
    Ok(ClusterRow {
        id: parsed(row, "id")?,
        zone: parsed(row, "zone")?,
        pod: parsed(row, "pod")?,
        name: row.get("name")?,
        hypervisor: row.get("hypervisor")?,
        allocation_state: parsed(row, "allocation_state")?,
        cpu_ratio: row.get("cpu_ratio")?,
        memory_ratio: row.get("memory_ratio")?,
        created: time(row, "created")?,
    })
}
