//! Table `service_offering`: the sizes of VMs for sale.

use hostler_model::{Bytes, Mhz, Mib, ServiceOfferingId, Timestamp, VmId};
use rusqlite::{Row, params};

use crate::columns::{amount, parsed, stored, time};
use crate::listing::{Listed, Page, Query};
use crate::{StoreError, Tx};

/// A size of VMs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceOfferingRow {
    /// Its id.
    pub id: ServiceOfferingId,
    /// Its name.
    pub name: String,
    /// What it is, for buyers.
    pub display_text: String,
    /// How many CPUs.
    pub cpus: u32,
    /// How fast each of them is.
    pub cpu_speed: Mhz,
    /// How much memory.
    pub memory: Mib,
    /// Whether a VM gets no more than that even when CPUs are idle.
    pub limit_cpu: bool,
    /// `local` or `shared`: where volumes live.
    pub storage_type: String,
    /// How large the root volume is; nothing means as large as the template.
    pub root_size: Option<Bytes>,
    /// Tags that a host must have, separated by commas.
    pub host_tags: String,
    /// Tags that a storage pool must have, separated by commas.
    pub tags: String,
    /// Since when there has been one.
    pub created: Timestamp,
}

/// Which offerings to list.
#[derive(Debug, Clone, Default)]
pub struct ServiceOfferingFilter {
    /// This one.
    pub id: Option<ServiceOfferingId>,
    /// Those of this name.
    pub name: Option<String>,
    /// What this VM could change to: all but its own.
    pub not_of_vm: Option<VmId>,
    /// Those with so many CPUs.
    pub cpus: Option<u32>,
    /// Those with so much memory.
    pub memory: Option<Mib>,
    /// Those with CPUs this fast.
    pub cpu_speed: Option<Mhz>,
    /// Those with volumes there.
    pub storage_type: Option<String>,
    /// Those whose name or text contains this.
    pub keyword: Option<String>,
}

/// Adds an offering.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn service_offering_add(tx: &Tx<'_>, row: &ServiceOfferingRow) -> Result<(), StoreError> {
    tx.execute(
        "record a service offering",
        "INSERT INTO service_offering (id, name, display_text, cpus, cpu_mhz, memory_mib, limit_cpu,
             storage_type, root_size, host_tags, tags, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        params![
            row.id.to_string(),
            row.name,
            row.display_text,
            row.cpus,
            stored(row.cpu_speed.0),
            stored(row.memory.0),
            row.limit_cpu,
            row.storage_type,
            row.root_size.map(|size| stored(size.0)),
            row.host_tags,
            row.tags,
            row.created.0,
        ],
    )?;
    Ok(())
}

/// Whether there ever was an offering.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn service_offering_ever(tx: &Tx<'_>) -> Result<bool, StoreError> {
    let first = "SELECT 1 FROM service_offering LIMIT 1";
    Ok(tx.row("look for service offerings", first, &[], |_| Ok(()))?.is_some())
}

/// Takes an offering off sale. VMs of it live on.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn service_offering_remove(
    tx: &Tx<'_>,
    id: ServiceOfferingId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let changed = tx.execute(
        "remove a service offering",
        "UPDATE service_offering SET removed = ?2 WHERE id = ?1 AND removed IS NULL",
        params![id.to_string(), now.0],
    )?;
    if changed == 0 {
        return Err(StoreError::NotFound { what: "service offering", id: id.to_string() });
    }
    Ok(())
}

/// Offerings for sale, smallest first.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn service_offering_list(
    tx: &Tx<'_>,
    filter: &ServiceOfferingFilter,
    page: Page,
) -> Result<Listed<ServiceOfferingRow>, StoreError> {
    Query::new("o.*", "service_offering o", "o.cpus, o.memory_mib, o.name, o.id")
        .only("o.removed IS NULL")
        .is("o.id", filter.id)
        .is("o.name", filter.name.as_deref())
        .filter(
            "o.id NOT IN (SELECT offering FROM vm WHERE id = ?)",
            filter.not_of_vm.map(|id| id.to_string()),
        )
        .filter("o.cpus = ?", filter.cpus)
        .filter("o.memory_mib = ?", filter.memory.map(|memory| stored(memory.0)))
        .filter("o.cpu_mhz = ?", filter.cpu_speed.map(|speed| stored(speed.0)))
        .is("o.storage_type", filter.storage_type.as_deref())
        .keyword(&["o.name", "o.display_text"], filter.keyword.as_deref())
        .list(tx, "list service offerings", page, read)
}

fn read(row: &Row<'_>) -> rusqlite::Result<ServiceOfferingRow> {
    Ok(ServiceOfferingRow {
        id: parsed(row, "id")?,
        name: row.get("name")?,
        display_text: row.get("display_text")?,
        cpus: row.get("cpus")?,
        cpu_speed: Mhz(amount(row, "cpu_mhz")?),
        memory: Mib(amount(row, "memory_mib")?),
        limit_cpu: row.get("limit_cpu")?,
        storage_type: row.get("storage_type")?,
        root_size: row
            .get::<_, Option<i64>>("root_size")?
            .map(|size| Bytes(u64::try_from(size).unwrap_or(0))),
        host_tags: row.get("host_tags")?,
        tags: row.get("tags")?,
        created: time(row, "created")?,
    })
}
