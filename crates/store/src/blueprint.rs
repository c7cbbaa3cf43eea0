//! Everything about a VM that starting it needs, in one statement: a read across tables.

use std::net::IpAddr;

use hostler_model::{
    AffinityKind, Bytes, HostGuid, HostId, Mhz, Mib, NetworkId, RunId, StoragePoolId, TemplateId,
    TemplateState, Timestamp, VmId,
};
use rusqlite::params;
use serde::Deserialize;

use crate::columns::{amount, json, parsed, parsed_or_null, to_json};
use crate::nic::{NICS, NicRow};
use crate::run::{RunRow, run_add_reading};
use crate::vm::{VM_COLUMNS, VmRow, read_vm};
use crate::volume::{VOLUMES, VolumeRow};
use crate::{StoreError, Tx};

/// A VM with all that belongs to it.
#[derive(Debug, Clone)]
pub struct Blueprint {
    /// The VM.
    pub vm: VmRow,
    /// Its CPUs.
    pub cpus: u32,
    /// Speed of one, as sold.
    pub cpu_mhz: Mhz,
    /// Its memory, as sold.
    pub memory: Mib,
    /// Whether it may not use more CPU than was sold.
    pub limit_cpu: bool,
    /// Tags that its host must have, comma separated.
    pub host_tags: String,
    /// Tags that the storage pool of its root volume must have, comma separated.
    pub pool_tags: String,
    /// Name of its offering and its zone, for the guest's metadata.
    pub offering_name: String,
    /// See `offering_name`.
    pub zone_name: String,
    /// What it is made from.
    pub template: BlueprintTemplate,
    /// The ISO in its drive.
    pub iso: Option<BlueprintIso>,
    /// Its volumes, the root volume first.
    pub volumes: Vec<VolumeRow>,
    /// Its NICs.
    pub nics: Vec<NicRow>,
    /// The path of its owner's domain.
    pub domain_path: String,
    /// The availability zone that it is to be in, if not any.
    pub availability_zone: Option<String>,
    /// Members of its affinity groups, and VMs of its hints, that run somewhere.
    pub mates: Vec<MateRow>,
    /// Addresses under which its host serves its networks, as far as they were given out.
    pub served: Vec<(NetworkId, HostId, IpAddr)>,
}

/// A VM in one of the VM's affinity groups or of its hints, with the host of its run.
#[derive(Debug, Clone, Deserialize)]
pub struct MateRow {
    /// The group's name; empty for a hint.
    pub group: String,
    /// Where the group's members are to run.
    pub kind: AffinityKind,
    /// The VM's instance name.
    pub vm: String,
    /// Its host.
    pub host: HostId,
}

/// The [`MateRow`]s of the VM `?1`, in JSON.
const MATES: &str = "SELECT json_object('group', mate.group_name, 'kind', mate.kind, 'vm', other.instance_name,
         'host', r.host) AS mate
     FROM vm_mate mate JOIN vm_run r ON r.vm = mate.other AND r.state <> 'Ended' JOIN vm other ON other.id = mate.other
     WHERE mate.vm = ?1 ORDER BY mate.group_name, other.number";

/// The template of a VM, and where it is to be had.
#[derive(Debug, Clone)]
pub struct BlueprintTemplate {
    /// Where it is in its life.
    pub state: TemplateState,
    /// What the guest is, by the names of `GuestOs`.
    pub os: String,
    /// Machine architecture.
    pub arch: String,
    /// `QCOW2` or `RAW`.
    pub format: String,
    /// Size of the file.
    pub size: Bytes,
    /// How large a guest sees it.
    pub virtual_size: Bytes,
    /// SHA-256 of the file.
    pub sha256: String,
    /// The image worker that serves it, and where.
    pub worker: Option<(HostGuid, String)>,
    /// Those of its host's pools that have a copy of it.
    pub copies: Vec<StoragePoolId>,
}

/// The ISO in a VM's drive, and where it is to be had.
#[derive(Debug, Clone, Deserialize)]
pub struct BlueprintIso {
    /// Its id.
    pub id: TemplateId,
    /// Whether a VM can start from it.
    pub bootable: bool,
    /// Size of the file.
    pub size: Bytes,
    /// How large a guest sees it.
    pub virtual_size: Bytes,
    /// SHA-256 of the file.
    pub sha256: String,
    /// The image worker that serves it.
    pub guid: Option<HostGuid>,
    /// Where that serves it.
    pub address: Option<String>,
    /// Those of its host's pools that have a copy of it.
    pub copies: Vec<StoragePoolId>,
}

/// The [`BlueprintIso`] of a VM, in JSON.
const ISO: &str = "SELECT json_object('id', i.id, 'bootable', json(iif(i.bootable, 'true', 'false')),
         'size', coalesce(i.size, 0), 'virtual_size', coalesce(i.virtual_size, 0), 'sha256', coalesce(i.sha256, ''),
         'guid', iw.guid, 'address', iw.serve_address, 'copies',
         json((SELECT json_group_array(pool) FROM template_copy WHERE template = i.id AND state = 'Ready'
             AND pool IN (SELECT p.id FROM storage_pool p JOIN vm_run r ON r.host = p.host WHERE r.id = vm.run))))
     FROM template i LEFT JOIN host iw ON iw.id = i.worker WHERE i.id = vm.iso AND i.state = 'Ready'";

impl Blueprint {
    /// Records a run of the VM on a host, as [`run_add`](crate::run::run_add) does, and reads what that host has of it: its
    /// addresses on the VM's networks, and copies of template and ISO in its pool. A VM with a run was read with that.
    ///
    /// # Errors
    /// See [`run_add`](crate::run::run_add).
    pub fn goes_to(
        &mut self,
        tx: &Tx<'_>,
        run: RunId,
        (host, pool): (HostId, StoragePoolId),
        ratios: (f64, f64),
        now: Timestamp,
    ) -> Result<RunRow, StoreError> {
        let images = [Some(self.vm.template), self.iso.as_ref().map(|iso| iso.id)];
        let networks: Vec<_> = self.nics.iter().map(|nic| nic.network).collect();
        let reads = "(SELECT json_group_array(json_array(network, host, ip)) FROM address
                 WHERE host = ?3 AND network IN (SELECT value FROM json_each(?9))) AS served,
             (SELECT json_group_array(template) FROM template_copy WHERE pool = ?10 AND state = 'Ready'
                 AND template IN (SELECT value FROM json_each(?11))) AS copies";
        let (networks, of_pool, images) = (to_json(&networks), pool.to_string(), to_json(&images));
        let (row, (served, copies)) = run_add_reading(
            tx,
            (run, self.vm.id, host),
            ratios,
            now,
            (reads, params![networks, of_pool, images]),
            |row| Ok((json(row, "served")?, json::<Vec<TemplateId>>(row, "copies")?)),
        )?;
        self.served = served;
        let of = |image: TemplateId| if copies.contains(&image) { vec![pool] } else { Vec::new() };
        self.template.copies = of(self.vm.template);
        if let Some(iso) = &mut self.iso {
            iso.copies = of(iso.id);
        }
        Ok(row)
    }
}

/// Reads a VM with all that belongs to it.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn blueprint(tx: &Tx<'_>, id: VmId) -> Result<Blueprint, StoreError> {
    let sql = format!(
        "SELECT {VM_COLUMNS}, coalesce(vm.own_cpus, o.cpus) AS cpus,
             coalesce(vm.own_cpu_mhz, o.cpu_mhz) AS cpu_mhz, coalesce(vm.own_memory_mib, o.memory_mib) AS memory, o.limit_cpu AS limit_cpu,
             trim(o.host_tags || ',' || t.host_tag, ',') AS host_tags, o.tags AS pool_tags, o.name AS offering_name, zone.name AS zone_name,
             vm.availability_zone AS availability_zone,
             (SELECT d.path FROM account a JOIN domain d ON d.id = a.domain WHERE a.id = vm.account) AS domain_path,
             t.state AS template_state, coalesce(vm.own_os, t.os) AS os, t.arch AS arch, t.format AS format,
             coalesce(t.size, 0) AS size, coalesce(t.virtual_size, 0) AS virtual_size,
             coalesce(t.sha256, '') AS sha256, w.guid AS guid, w.serve_address AS serve_address,
             (SELECT json_group_array(pool) FROM template_copy WHERE template = t.id AND state = 'Ready'
                  AND pool IN (SELECT p.id FROM storage_pool p JOIN vm_run r ON r.host = p.host WHERE r.id = vm.run)) AS copies,
             coalesce(({ISO}), 'null') AS iso_there,
             (SELECT json_group_array(json(volume)) FROM ({VOLUMES})) AS volumes,
             (SELECT json_group_array(json(nic)) FROM ({NICS})) AS nics,
             (SELECT json_group_array(json(mate)) FROM ({MATES})) AS mates,
             (SELECT json_group_array(json_array(network, host, ip)) FROM address
                  WHERE host = (SELECT host FROM vm_run WHERE id = vm.run) AND network IN (SELECT network FROM nic WHERE vm = ?1 AND removed IS NULL)) AS served
         FROM vm JOIN service_offering o ON o.id = vm.offering JOIN template t ON t.id = vm.template
         JOIN zone ON zone.id = vm.zone LEFT JOIN host w ON w.id = t.worker
         WHERE vm.id = ?1 AND vm.removed IS NULL"
    );
    let found = tx.row("read a VM for its start", &sql, params![id.to_string()], |row| {
        let guid: Option<HostGuid> = parsed_or_null(row, "guid")?;
        let address: Option<String> = row.get("serve_address")?;
        Ok(Blueprint {
            vm: read_vm(row)?,
            cpus: row.get("cpus")?,
            cpu_mhz: Mhz(amount(row, "cpu_mhz")?),
            memory: Mib(amount(row, "memory")?),
            limit_cpu: row.get("limit_cpu")?,
            host_tags: row.get("host_tags")?,
            pool_tags: row.get("pool_tags")?,
            offering_name: row.get("offering_name")?,
            zone_name: row.get("zone_name")?,
            template: BlueprintTemplate {
                state: parsed(row, "template_state")?,
                os: row.get("os")?,
                arch: row.get("arch")?,
                format: row.get("format")?,
                size: Bytes(amount(row, "size")?),
                virtual_size: Bytes(amount(row, "virtual_size")?),
                sha256: row.get("sha256")?,
                worker: guid.zip(address),
                copies: json(row, "copies")?,
            },
            iso: json(row, "iso_there")?,
            volumes: json(row, "volumes")?,
            nics: json(row, "nics")?,
            domain_path: row.get("domain_path")?,
            availability_zone: row.get("availability_zone")?,
            mates: json(row, "mates")?,
            served: json(row, "served")?,
        })
    })?;
    found.ok_or_else(|| StoreError::NotFound { what: "virtual machine", id: id.to_string() })
}
