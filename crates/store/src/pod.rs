//! Table `pod`: racks or rooms within a zone.

use std::net::Ipv4Addr;

use hostler_model::{AllocationState, PodId, Timestamp, ZoneId};
use rusqlite::{Row, params};

use crate::columns::{parsed, parsed_or_null, time};
use crate::listing::{Listed, Page, Query};
use crate::{StoreError, Tx, still_used};

/// A rack or room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodRow {
    /// Its id.
    pub id: PodId,
    /// The zone that it is in.
    pub zone: ZoneId,
    /// Its name, unique in its zone.
    pub name: String,
    /// The gateway of its management network.
    pub gateway: Option<Ipv4Addr>,
    /// The netmask of its management network.
    pub netmask: Option<Ipv4Addr>,
    /// The first management address that may be given out.
    pub start_ip: Option<Ipv4Addr>,
    /// The last one.
    pub end_ip: Option<Ipv4Addr>,
    /// Whether it takes new VMs.
    pub allocation_state: AllocationState,
    /// Since when there has been one.
    pub created: Timestamp,
}

/// A pod with its zone's name.
#[derive(Debug, Clone)]
pub struct PodView {
    /// The pod.
    pub row: PodRow,
    /// The name of its zone.
    pub zone_name: String,
}

/// Which pods to list.
#[derive(Debug, Clone, Default)]
pub struct PodFilter {
    /// This one.
    pub id: Option<PodId>,
    /// Those in this zone.
    pub zone: Option<ZoneId>,
    /// Those of this name.
    pub name: Option<String>,
    /// Those in this state.
    pub allocation_state: Option<AllocationState>,
    /// Those whose name contains this.
    pub keyword: Option<String>,
}

/// Adds a pod.
///
/// # Errors
/// [`StoreError::Sqlite`], a unique violation if the zone has one of that name.
pub fn pod_add(tx: &Tx<'_>, row: &PodRow) -> Result<(), StoreError> {
    tx.execute(
        "record a pod",
        "INSERT INTO pod (id, zone, name, gateway, netmask, start_ip, end_ip, allocation_state, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            row.id.to_string(),
            row.zone.to_string(),
            row.name,
            row.gateway.map(|ip| ip.to_string()),
            row.netmask.map(|ip| ip.to_string()),
            row.start_ip.map(|ip| ip.to_string()),
            row.end_ip.map(|ip| ip.to_string()),
            row.allocation_state.as_str(),
            row.created.0,
        ],
    )?;
    Ok(())
}

/// A pod.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn pod_get(tx: &Tx<'_>, id: PodId) -> Result<PodRow, StoreError> {
    tx.row(
        "read a pod",
        "SELECT * FROM pod WHERE id = ?1 AND removed IS NULL",
        params![id.to_string()],
        read,
    )?
    .ok_or_else(|| StoreError::NotFound { what: "pod", id: id.to_string() })
}

/// The pod of a name in a zone.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn pod_by_name(tx: &Tx<'_>, zone: ZoneId, name: &str) -> Result<Option<PodRow>, StoreError> {
    tx.row(
        "look a pod up",
        "SELECT * FROM pod WHERE zone = ?1 AND name = ?2 AND removed IS NULL",
        params![zone.to_string(), name],
        read,
    )
}

/// Changes what an administrator may change of a pod.
///
/// # Errors
/// [`StoreError::NotFound`]; [`StoreError::Taken`] if another pod of the zone has the name.
pub fn pod_update(tx: &Tx<'_>, row: &PodRow) -> Result<(), StoreError> {
    if pod_by_name(tx, row.zone, &row.name)?.is_some_and(|other| other.id != row.id) {
        let text = format!("the zone has a pod named {} already; choose another name", row.name);
        return Err(StoreError::Taken(text));
    }
    let changed = tx.execute(
        "change a pod",
        "UPDATE pod SET name = ?2, gateway = ?3, netmask = ?4, start_ip = ?5, end_ip = ?6, allocation_state = ?7
         WHERE id = ?1 AND removed IS NULL",
        params![
            row.id.to_string(),
            row.name,
            row.gateway.map(|ip| ip.to_string()),
            row.netmask.map(|ip| ip.to_string()),
            row.start_ip.map(|ip| ip.to_string()),
            row.end_ip.map(|ip| ip.to_string()),
            row.allocation_state.as_str(),
        ],
    )?;
    if changed == 0 {
        return Err(StoreError::NotFound { what: "pod", id: row.id.to_string() });
    }
    Ok(())
}

/// Removes a pod that has nothing in it.
///
/// # Errors
/// [`StoreError::Taken`] says what is in it, [`StoreError::NotFound`] that there is none.
pub fn pod_remove(tx: &Tx<'_>, id: PodId, now: Timestamp) -> Result<(), StoreError> {
    let pod = pod_get(tx, id)?;
    still_used(
        tx,
        &format!("pod {}", pod.name),
        "SELECT 'clusters' AS kind, count(*) AS number FROM cluster WHERE pod = ?1 AND removed IS NULL
         UNION ALL SELECT 'hosts', count(*) FROM host WHERE pod = ?1 AND removed IS NULL",
        &id.to_string(),
    )?;
    tx.execute(
        "remove a pod",
        "UPDATE pod SET removed = ?2 WHERE id = ?1",
        params![id.to_string(), now.0],
    )?;
    Ok(())
}

/// Pods by their names.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn pod_list(
    tx: &Tx<'_>,
    filter: &PodFilter,
    page: Page,
) -> Result<Listed<PodView>, StoreError> {
    Query::new(
        "pod.*, z.name AS zone_name",
        "pod JOIN zone z ON z.id = pod.zone",
        "pod.name, pod.id",
    )
    .only("pod.removed IS NULL")
    .is("pod.id", filter.id)
    .is("pod.zone", filter.zone)
    .is("pod.name", filter.name.as_deref())
    .is("pod.allocation_state", filter.allocation_state)
    .keyword(&["pod.name"], filter.keyword.as_deref())
    .list(tx, "list pods", page, |row| {
        Ok(PodView { row: read(row)?, zone_name: row.get("zone_name")? })
    })
}

fn read(row: &Row<'_>) -> rusqlite::Result<PodRow> {
    Ok(PodRow {
        id: parsed(row, "id")?,
        zone: parsed(row, "zone")?,
        name: row.get("name")?,
        gateway: parsed_or_null(row, "gateway")?,
        netmask: parsed_or_null(row, "netmask")?,
        start_ip: parsed_or_null(row, "start_ip")?,
        end_ip: parsed_or_null(row, "end_ip")?,
        allocation_state: parsed(row, "allocation_state")?,
        created: time(row, "created")?,
    })
}
