//! Hosts as they are listed, with the names of where they are and what is claimed of them.
//!
//! Not here: the life of a host's connection (`host`).

use std::collections::BTreeMap;

use hostler_model::{
    ClusterId, HostId, HostStatus, Mhz, Mib, PodId, ResourceState, Timestamp, VmId, ZoneId,
};
use rusqlite::Row;

use crate::columns::{amount, json, parsed, parsed_or_null, stored, time, time_or_null};
use crate::listing::{Listed, Page, Query};
use crate::{StoreError, Tx};

/// A host with all that a reader of a list wants to know of it.
#[derive(Debug, Clone)]
pub struct HostView {
    /// Its id.
    pub id: HostId,
    /// What its machine is called for ever.
    pub guid: String,
    /// `Routing` or `SecondaryStorage`.
    pub kind: String,
    /// Its name.
    pub name: String,
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
    /// How often the cluster's CPUs are sold.
    pub cpu_ratio: f64,
    /// How often the cluster's memory is sold.
    pub memory_ratio: f64,
    /// Whether the manager can work with it.
    pub status: HostStatus,
    /// Why it is in this status.
    pub status_reason: String,
    /// When the status changed last.
    pub status_changed: Timestamp,
    /// What an administrator wants of it.
    pub admin_state: ResourceState,
    /// Instance names of the VMs that a maintenance waits for.
    pub leaving: Vec<String>,
    /// The address that managers and other hosts use.
    pub address: Option<String>,
    /// The agent's version.
    pub agent_version: String,
    /// Machine architecture.
    pub arch: String,
    /// `kvm`, or `qemu` where KVM does not work.
    pub hypervisor: String,
    /// Versions of QEMU and libvirt.
    pub hypervisor_version: String,
    /// What it can do, separated by commas.
    pub capabilities: String,
    /// Logical CPUs.
    pub cpus: u32,
    /// CPU sockets.
    pub cpu_sockets: u32,
    /// Speed of one CPU.
    pub cpu_speed: Mhz,
    /// All memory.
    pub memory: Mib,
    /// Memory that is kept for the host itself.
    pub reserved: Mib,
    /// Claimed of the CPUs, before overcommit.
    pub cpu_claimed: Mhz,
    /// Claimed of the memory, before overcommit.
    pub memory_claimed: Mib,
    /// Its tags, separated by commas.
    pub tags: String,
    /// Facts by name.
    pub details: BTreeMap<String, String>,
    /// What it said last about how busy it is.
    pub stats: serde_json::Value,
    /// Size of its pools, in bytes.
    pub disk_total: u64,
    /// Given to volumes on its pools, in bytes.
    pub disk_allocated: u64,
    /// When it was heard last.
    pub last_ping: Option<Timestamp>,
    /// The manager that holds its connection.
    pub manager: Option<u64>,
    /// Since when there has been one.
    pub created: Timestamp,
}

/// Which hosts to list.
#[derive(Debug, Clone, Default)]
pub struct HostFilter {
    /// This one.
    pub id: Option<HostId>,
    /// Those of this name.
    pub name: Option<String>,
    /// `Routing` or `SecondaryStorage` only.
    pub kind: Option<String>,
    /// Those in this zone.
    pub zone: Option<ZoneId>,
    /// Those in this pod.
    pub pod: Option<PodId>,
    /// Those in this cluster.
    pub cluster: Option<ClusterId>,
    /// Those in this status.
    pub status: Option<HostStatus>,
    /// Those of which an administrator wants this.
    pub admin_state: Option<ResourceState>,
    /// Those of this architecture.
    pub arch: Option<String>,
    /// Those whose agent has this version.
    pub agent_version: Option<String>,
    /// Those of this hypervisor.
    pub hypervisor: Option<String>,
    /// Those whose connection the manager of this number holds.
    pub manager: Option<u64>,
    /// The one that this VM runs on.
    pub vm: Option<VmId>,
    /// Those whose name or address contains this.
    pub keyword: Option<String>,
}

/// Hosts in the order of their names.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn host_list(
    tx: &Tx<'_>,
    filter: &HostFilter,
    page: Page,
) -> Result<Listed<HostView>, StoreError> {
    Query::new(
        "h.*, z.name AS zone_name, p.name AS pod_name, c.name AS cluster_name,
         coalesce(c.cpu_ratio, 1.0) AS cpu_ratio, coalesce(c.memory_ratio, 1.0) AS memory_ratio,
         (SELECT coalesce(sum(k.cpu_mhz), 0) FROM claim k WHERE k.host = h.id) AS cpu_claimed,
         (SELECT coalesce(sum(k.memory_mib), 0) FROM claim k WHERE k.host = h.id) AS memory_claimed,
         (SELECT coalesce(sum(s.capacity), 0) FROM storage_pool s
          WHERE s.host = h.id AND s.removed IS NULL) AS disk_total,
         (SELECT coalesce(sum(v.size), 0) FROM storage_pool s CROSS JOIN volume v ON v.pool = s.id
          WHERE s.removed IS NULL AND s.host = h.id AND v.removed IS NULL) AS disk_allocated,
         (SELECT json_group_array(vm.instance_name) FROM vm_run r CROSS JOIN vm ON vm.id = r.vm
          WHERE h.admin_state = 'PrepareForMaintenance' AND r.host = h.id AND r.state <> 'Ended') AS leaving",
        "host h JOIN zone z ON z.id = h.zone LEFT JOIN pod p ON p.id = h.pod
         LEFT JOIN cluster c ON c.id = h.cluster",
        "h.name, h.id",
    )
    .only("h.removed IS NULL")
    .is("h.id", filter.id)
    .is("h.name", filter.name.as_deref())
    .filter("h.kind = ? COLLATE NOCASE", filter.kind.clone())
    .is("h.zone", filter.zone)
    .is("h.pod", filter.pod)
    .is("h.cluster", filter.cluster)
    .is("h.status", filter.status)
    .is("h.admin_state", filter.admin_state)
    .is("h.arch", filter.arch.as_deref())
    .is("h.agent_version", filter.agent_version.as_deref())
    .filter(
        "h.kind = 'Routing' AND ('KVM' = ? COLLATE NOCASE OR h.hypervisor = ? COLLATE NOCASE)",
        filter.hypervisor.clone(),
    )
    .filter("h.manager = ?", filter.manager.map(stored))
    .filter(
        "h.id IN (SELECT host FROM vm_run WHERE vm = ? AND state <> 'Ended')",
        filter.vm.map(|id| id.to_string()),
    )
    .keyword(&["h.name", "coalesce(h.private_address, '')"], filter.keyword.as_deref())
    .list(tx, "list hosts", page, read)
}

/// One host that is not removed.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn host_view(tx: &Tx<'_>, id: HostId) -> Result<HostView, StoreError> {
    let filter = HostFilter { id: Some(id), ..HostFilter::default() };
    host_list(tx, &filter, Page::default())?
        .rows
        .pop()
        .ok_or_else(|| StoreError::NotFound { what: "host", id: id.to_string() })
}

fn read(row: &Row<'_>) -> rusqlite::Result<HostView> {
    Ok(HostView {
        id: parsed(row, "id")?,
        guid: row.get("guid")?,
        kind: row.get("kind")?,
        name: row.get("name")?,
        zone: parsed(row, "zone")?,
        zone_name: row.get("zone_name")?,
        pod: parsed_or_null(row, "pod")?,
        pod_name: row.get("pod_name")?,
        cluster: parsed_or_null(row, "cluster")?,
        cluster_name: row.get("cluster_name")?,
        cpu_ratio: row.get("cpu_ratio")?,
        memory_ratio: row.get("memory_ratio")?,
        status: parsed(row, "status")?,
        status_reason: row.get("status_reason")?,
        status_changed: time(row, "status_changed")?,
        admin_state: parsed(row, "admin_state")?,
        leaving: json(row, "leaving")?,
        address: row.get("private_address")?,
        agent_version: row.get("agent_version")?,
        arch: row.get("arch")?,
        hypervisor: row.get("hypervisor")?,
        hypervisor_version: row.get("hypervisor_version")?,
        capabilities: row.get("capabilities")?,
        cpus: row.get("cpus")?,
        cpu_sockets: row.get("cpu_sockets")?,
        cpu_speed: Mhz(amount(row, "cpu_mhz")?),
        memory: Mib(amount(row, "memory_mib")?),
        reserved: Mib(amount(row, "reserved_mib")?),
        cpu_claimed: Mhz(amount(row, "cpu_claimed")?),
        memory_claimed: Mib(amount(row, "memory_claimed")?),
        tags: row.get("tags")?,
        details: json(row, "details")?,
        stats: json(row, "stats")?,
        disk_total: amount(row, "disk_total")?,
        disk_allocated: amount(row, "disk_allocated")?,
        last_ping: time_or_null(row, "last_ping")?,
        manager: row.get::<_, Option<i64>>("manager")?.and_then(|n| u64::try_from(n).ok()),
        created: time(row, "created")?,
    })
}
