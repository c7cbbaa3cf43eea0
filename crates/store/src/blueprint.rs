//! Everything about a VM that starting it needs, in few statements: a read across tables.

use hostler_model::{Bytes, HostGuid, Mhz, Mib, TemplateState, VmId};
use rusqlite::params;

use crate::columns::{amount, parsed, parsed_or_null};
use crate::nic::{NicRow, nics_of};
use crate::vm::{VM_COLUMNS, VmRow, read_vm};
use crate::volume::{VolumeRow, volumes_of};
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
    /// Name of its offering and its zone, for the guest's metadata.
    pub offering_name: String,
    /// See `offering_name`.
    pub zone_name: String,
    /// What it is made from.
    pub template: BlueprintTemplate,
    /// Its volumes, the root volume first.
    pub volumes: Vec<VolumeRow>,
    /// Its NICs.
    pub nics: Vec<NicRow>,
}

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
}

/// Reads a VM with all that belongs to it.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn blueprint(tx: &Tx<'_>, id: VmId) -> Result<Blueprint, StoreError> {
    let sql = format!(
        "SELECT {VM_COLUMNS}, o.cpus AS cpus, o.cpu_mhz AS cpu_mhz, o.memory_mib AS memory, o.limit_cpu AS limit_cpu,
             o.host_tags AS host_tags, o.name AS offering_name, zone.name AS zone_name,
             t.state AS template_state, t.os AS os, t.arch AS arch, t.format AS format,
             coalesce(t.size, 0) AS size, coalesce(t.virtual_size, 0) AS virtual_size,
             coalesce(t.sha256, '') AS sha256, w.guid AS guid, w.serve_address AS serve_address
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
            },
            volumes: Vec::new(),
            nics: Vec::new(),
        })
    })?;
    let mut found = found
        .ok_or_else(|| StoreError::NotFound { what: "virtual machine", id: id.to_string() })?;
    found.volumes = volumes_of(tx, id)?;
    found.nics = nics_of(tx, id)?;
    Ok(found)
}
