//! Table `zone`: data centres.

use std::net::Ipv4Addr;

use hostler_model::{AllocationState, DomainId, NetworkType, Timestamp, ZoneId};
use rusqlite::{Row, params};

use crate::columns::{parsed, parsed_or_null, time};
use crate::listing::{Listed, Page, Query};
use crate::{StoreError, Tx, still_used};

/// A data centre.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneRow {
    /// Its id.
    pub id: ZoneId,
    /// Its name, unique.
    pub name: String,
    /// Whether requests may name networks.
    pub network_type: NetworkType,
    /// The resolver that guests are given.
    pub dns1: Ipv4Addr,
    /// The second one.
    pub dns2: Option<Ipv4Addr>,
    /// The resolver that hosts use.
    pub internal_dns1: Ipv4Addr,
    /// The second one.
    pub internal_dns2: Option<Ipv4Addr>,
    /// The DNS domain of its guests, unless their network has one.
    pub network_domain: Option<String>,
    /// Where isolated networks get their subnets from.
    pub guest_cidr: Option<String>,
    /// Whether it takes new VMs.
    pub allocation_state: AllocationState,
    /// Whether volumes may live on hosts' own disks.
    pub local_storage: bool,
    /// Whether VMs have security groups.
    pub security_groups: bool,
    /// Since when there has been one.
    pub created: Timestamp,
}

/// Which zones to list.
#[derive(Debug, Clone, Default)]
pub struct ZoneFilter {
    /// This one.
    pub id: Option<ZoneId>,
    /// These.
    pub ids: Vec<ZoneId>,
    /// Those of this name.
    pub name: Option<String>,
    /// Those of this network type.
    pub network_type: Option<NetworkType>,
    /// Those that are kept for this domain.
    pub kept_for: Option<DomainId>,
    /// Those with one of these tags, each a key and a value.
    pub tags: Vec<(String, String)>,
    /// Only those that take new VMs.
    pub only_enabled: bool,
    /// Those whose name contains this.
    pub keyword: Option<String>,
}

/// Adds a zone.
///
/// # Errors
/// [`StoreError::Sqlite`], a unique violation if its name is taken.
pub fn zone_add(tx: &Tx<'_>, row: &ZoneRow) -> Result<(), StoreError> {
    tx.execute(
        "record a zone",
        "INSERT INTO zone (id, name, network_type, dns1, dns2, internal_dns1, internal_dns2,
             network_domain, guest_cidr, allocation_state, local_storage, security_groups, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        params![
            row.id.to_string(),
            row.name,
            row.network_type.as_str(),
            row.dns1.to_string(),
            row.dns2.map(|ip| ip.to_string()),
            row.internal_dns1.to_string(),
            row.internal_dns2.map(|ip| ip.to_string()),
            row.network_domain,
            row.guest_cidr,
            row.allocation_state.as_str(),
            row.local_storage,
            row.security_groups,
            row.created.0,
        ],
    )?;
    Ok(())
}

/// A zone.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn zone_get(tx: &Tx<'_>, id: ZoneId) -> Result<ZoneRow, StoreError> {
    tx.row(
        "read a zone",
        "SELECT * FROM zone WHERE id = ?1 AND removed IS NULL",
        params![id.to_string()],
        read,
    )?
    .ok_or_else(|| StoreError::NotFound { what: "zone", id: id.to_string() })
}

/// The zone of a name.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn zone_by_name(tx: &Tx<'_>, name: &str) -> Result<Option<ZoneRow>, StoreError> {
    tx.row(
        "look a zone up",
        "SELECT * FROM zone WHERE name = ?1 AND removed IS NULL",
        params![name],
        read,
    )
}

/// Changes what an administrator may change of a zone.
///
/// # Errors
/// [`StoreError::NotFound`]; [`StoreError::Taken`] if another zone has the name.
pub fn zone_update(tx: &Tx<'_>, row: &ZoneRow) -> Result<(), StoreError> {
    if zone_by_name(tx, &row.name)?.is_some_and(|other| other.id != row.id) {
        let text = format!("there is a zone named {} already; choose another name", row.name);
        return Err(StoreError::Taken(text));
    }
    let changed = tx.execute(
        "change a zone",
        "UPDATE zone SET name = ?2, dns1 = ?3, dns2 = ?4, internal_dns1 = ?5, internal_dns2 = ?6,
             network_domain = ?7, guest_cidr = ?8, allocation_state = ?9, local_storage = ?10
         WHERE id = ?1 AND removed IS NULL",
        params![
            row.id.to_string(),
            row.name,
            row.dns1.to_string(),
            row.dns2.map(|ip| ip.to_string()),
            row.internal_dns1.to_string(),
            row.internal_dns2.map(|ip| ip.to_string()),
            row.network_domain,
            row.guest_cidr,
            row.allocation_state.as_str(),
            row.local_storage,
        ],
    )?;
    if changed == 0 {
        return Err(StoreError::NotFound { what: "zone", id: row.id.to_string() });
    }
    Ok(())
}

/// Removes a zone that has nothing in it.
///
/// # Errors
/// [`StoreError::Taken`] says what is in it, [`StoreError::NotFound`] that there is none.
pub fn zone_remove(tx: &Tx<'_>, id: ZoneId, now: Timestamp) -> Result<(), StoreError> {
    let zone = zone_get(tx, id)?;
    still_used(
        tx,
        &format!("zone {}", zone.name),
        "SELECT 'pods' AS kind, count(*) AS number FROM pod WHERE zone = ?1 AND removed IS NULL
         UNION ALL SELECT 'hosts', count(*) FROM host WHERE zone = ?1 AND removed IS NULL
         UNION ALL SELECT 'networks', count(*) FROM network WHERE zone = ?1 AND removed IS NULL
         UNION ALL SELECT 'physical networks', count(*) FROM physical_network WHERE zone = ?1
         UNION ALL SELECT 'VMs', count(*) FROM vm WHERE zone = ?1 AND removed IS NULL",
        &id.to_string(),
    )?;
    tx.execute(
        "remove a zone",
        "UPDATE zone SET removed = ?2 WHERE id = ?1",
        params![id.to_string(), now.0],
    )?;
    Ok(())
}

/// Zones by their names.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn zone_list(
    tx: &Tx<'_>,
    filter: &ZoneFilter,
    page: Page,
) -> Result<Listed<ZoneRow>, StoreError> {
    let enabled = filter.only_enabled.then_some(AllocationState::Enabled);
    Query::new("zone.*", "zone", "zone.name, zone.id")
        .only("zone.removed IS NULL")
        .is("zone.id", filter.id)
        .any("zone.id", &filter.ids)
        .is("zone.name", filter.name.as_deref())
        .is("zone.network_type", filter.network_type)
        .filter(
            "zone.id IN (SELECT resource FROM dedicated_resource WHERE domain = ?)",
            filter.kept_for.map(|id| id.to_string()),
        )
        .tagged("zone.id", &filter.tags)
        .is("zone.allocation_state", enabled)
        .keyword(&["zone.name"], filter.keyword.as_deref())
        .list(tx, "list zones", page, read)
}

fn read(row: &Row<'_>) -> rusqlite::Result<ZoneRow> {
    Ok(ZoneRow {
        id: parsed(row, "id")?,
        name: row.get("name")?,
        network_type: parsed(row, "network_type")?,
        dns1: parsed(row, "dns1")?,
        dns2: parsed_or_null(row, "dns2")?,
        internal_dns1: parsed(row, "internal_dns1")?,
        internal_dns2: parsed_or_null(row, "internal_dns2")?,
        network_domain: row.get("network_domain")?,
        guest_cidr: row.get("guest_cidr")?,
        allocation_state: parsed(row, "allocation_state")?,
        local_storage: row.get("local_storage")?,
        security_groups: row.get("security_groups")?,
        created: time(row, "created")?,
    })
}
