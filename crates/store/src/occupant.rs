//! What runs where, and what it would take elsewhere: a read across tables, for plans of moves.

use hostler_model::{
    AccountId, AffinityGroupId, AffinityKind, Bytes, HostId, Mhz, Mib, ServiceOfferingId,
    TemplateId, VmId, ZoneId,
};
use rusqlite::params;

use crate::columns::{amount, json, parsed};
use crate::{StoreError, Tx};

/// A VM that may be alive on a host.
#[derive(Debug, Clone)]
pub struct OccupantRow {
    /// The VM.
    pub vm: VmId,
    /// Its instance name.
    pub name: String,
    /// The host of its run.
    pub host: HostId,
    /// What it was sold, and what it asks of a host.
    pub size: SizeRow,
    /// Its owner's account, and the path of the domain of that.
    pub owner: (AccountId, String),
    /// The availability zone that it is to be in, if not any.
    pub availability_zone: Option<String>,
    /// Its affinity groups: id, name, and where each wants its members.
    pub groups: Vec<(AffinityGroupId, String, AffinityKind)>,
}

/// A size, and what it asks of a host.
#[derive(Debug, Clone)]
pub struct SizeRow {
    /// CPUs; 0: whoever deploys chooses.
    pub cpus: u64,
    /// Speed of each.
    pub cpu_mhz: Mhz,
    /// Memory.
    pub memory: Mib,
    /// Size of its volumes.
    pub disk: Bytes,
    /// Machine architecture.
    pub arch: String,
    /// Tags that a host must have, comma separated.
    pub host_tags: String,
    /// Tags that a storage pool must have, comma separated.
    pub pool_tags: String,
}

fn size(row: &rusqlite::Row<'_>) -> rusqlite::Result<SizeRow> {
    Ok(SizeRow {
        cpus: amount(row, "cpus")?,
        cpu_mhz: Mhz(amount(row, "cpu_mhz")?),
        memory: Mib(amount(row, "memory")?),
        disk: Bytes(amount(row, "disk")?),
        arch: row.get("arch")?,
        host_tags: row.get("host_tags")?,
        pool_tags: row.get("pool_tags")?,
    })
}

/// Every VM of a zone that may be alive, by number.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn occupants(tx: &Tx<'_>, zone: ZoneId) -> Result<Vec<OccupantRow>, StoreError> {
    tx.rows(
        "read what runs where",
        "SELECT vm.id AS vm, vm.instance_name AS name, vm.account AS account, d.path AS domain_path, vm.availability_zone, r.host AS host, coalesce(vm.own_cpus, o.cpus) AS cpus,
             coalesce(vm.own_cpu_mhz, o.cpu_mhz) AS cpu_mhz, coalesce(vm.own_memory_mib, o.memory_mib) AS memory,
             (SELECT coalesce(sum(size), 0) FROM volume v WHERE v.vm = vm.id AND v.removed IS NULL) AS disk,
             t.arch AS arch, trim(o.host_tags || ',' || t.host_tag, ',') AS host_tags, o.tags AS pool_tags,
             (SELECT json_group_array(json_array(g.id, g.name, g.kind)) FROM vm_affinity_group m
                  JOIN affinity_group g ON g.id = m.affinity_group WHERE m.vm = vm.id) AS groups
         FROM vm_run r JOIN vm ON vm.id = r.vm JOIN service_offering o ON o.id = vm.offering
         JOIN template t ON t.id = vm.template JOIN account a ON a.id = vm.account JOIN domain d ON d.id = a.domain
         WHERE r.state <> 'Ended' AND vm.zone = ?1 ORDER BY vm.number",
        params![zone.to_string()],
        |row| {
            Ok(OccupantRow {
                vm: parsed(row, "vm")?,
                name: row.get("name")?,
                host: parsed(row, "host")?,
                size: size(row)?,
                owner: (parsed(row, "account")?, row.get("domain_path")?),
                availability_zone: row.get("availability_zone")?,
                groups: json(row, "groups")?,
            })
        },
    )
}

/// What a VM of an offering, and of a template if one is named, would ask of a host.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn size_for_sale(
    tx: &Tx<'_>,
    offering: ServiceOfferingId,
    template: Option<TemplateId>,
) -> Result<SizeRow, StoreError> {
    tx.row(
        "read what an offering asks of a host",
        "SELECT o.cpus AS cpus, o.cpu_mhz AS cpu_mhz, o.memory_mib AS memory,
             max(coalesce(o.root_size, 0), coalesce(t.virtual_size, 0)) AS disk,
             coalesce(t.arch, 'x86_64') AS arch, trim(o.host_tags || ',' || coalesce(t.host_tag, ''), ',') AS host_tags,
             o.tags AS pool_tags
         FROM service_offering o LEFT JOIN template t ON t.id = ?2 AND t.removed IS NULL
         WHERE o.id = ?1 AND o.removed IS NULL",
        params![offering.to_string(), template.map(|id| id.to_string())],
        size,
    )?
    .ok_or_else(|| StoreError::NotFound { what: "service offering", id: offering.to_string() })
}
