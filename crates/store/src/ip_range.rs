//! Table `ip_range`: addresses that networks may give out beside their first range, and records of others.
//!
//! A network's own first range is listed with them, under the network's id.

use std::net::Ipv4Addr;

use hostler_model::{IpRangeId, NetworkId, PhysicalNetworkId, PodId, Timestamp, ZoneId};
use rusqlite::{Row, params};
use uuid::Uuid;

use crate::columns::{amount, parsed, parsed_or_null};
use crate::listing::{Listed, Page, Query};
use crate::{StoreError, Tx};

/// A range of addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IpRangeRow {
    /// Its id; a network's first range has the network's.
    pub id: Uuid,
    /// Its zone.
    pub zone: ZoneId,
    /// The network that gives its addresses out; nothing: it is a record.
    pub network: Option<NetworkId>,
    /// The wire that it is on.
    pub physical_network: Option<PhysicalNetworkId>,
    /// The pod that it is for.
    pub pod: Option<PodId>,
    /// Its VLAN, as `vlan://100` or `vlan://untagged`.
    pub vlan: String,
    /// The router.
    pub gateway: Ipv4Addr,
    /// The subnet's netmask.
    pub netmask: Ipv4Addr,
    /// The first address.
    pub start: Ipv4Addr,
    /// The last one.
    pub end: Ipv4Addr,
}

/// Which ranges to list.
#[derive(Debug, Clone, Default)]
pub struct IpRangeFilter {
    /// This one.
    pub id: Option<Uuid>,
    /// Those in this zone.
    pub zone: Option<ZoneId>,
    /// Those of this network.
    pub network: Option<NetworkId>,
    /// Those on this wire.
    pub physical_network: Option<PhysicalNetworkId>,
    /// Those for this pod.
    pub pod: Option<PodId>,
    /// Those of this VLAN.
    pub vlan: Option<String>,
    /// Those of no guest network, or of guest networks.
    pub is_public: Option<bool>,
}

/// Adds a range.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn ip_range_add(tx: &Tx<'_>, row: &IpRangeRow, now: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "record a range of addresses",
        "INSERT INTO ip_range (id, zone, network, physical_network, pod, vlan, gateway, netmask, start_ip, end_ip,
             created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            row.id.to_string(),
            row.zone.to_string(),
            row.network.map(|id| id.to_string()),
            row.physical_network.map(|id| id.to_string()),
            row.pod.map(|id| id.to_string()),
            row.vlan,
            row.gateway.to_string(),
            row.netmask.to_string(),
            row.start.to_string(),
            row.end.to_string(),
            now.0,
        ],
    )?;
    Ok(())
}

/// Removes a range of which no address is given out.
///
/// # Errors
/// [`StoreError::Taken`] says how many are, [`StoreError::NotFound`] that there is no such range.
pub fn ip_range_remove(tx: &Tx<'_>, id: IpRangeId) -> Result<(), StoreError> {
    let filter = IpRangeFilter { id: Some(id.uuid()), ..IpRangeFilter::default() };
    let row = ip_range_list(tx, &filter, Page::default())?
        .rows
        .pop()
        .ok_or_else(|| StoreError::NotFound { what: "range of addresses", id: id.to_string() })?;
    let given = match row.network {
        None => Vec::new(),
        Some(network) => tx.rows(
            "read the addresses that are given out",
            "SELECT ip FROM address WHERE network = ?1",
            params![network.to_string()],
            |row| row.get::<_, String>("ip"),
        )?,
    };
    let within =
        |ip: &&String| ip.parse::<Ipv4Addr>().is_ok_and(|ip| (row.start..=row.end).contains(&ip));
    let used = given.iter().filter(within).count();
    if used > 0 {
        return Err(StoreError::Taken(format!(
            "{used} addresses of {} to {} are given out to VMs and hosts; remove those first",
            row.start, row.end
        )));
    }
    let sql = "DELETE FROM ip_range WHERE id = ?1";
    tx.execute("remove a range of addresses", sql, params![id.to_string()])?;
    Ok(())
}

/// Whether a network still has a range of this id as its first one.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn ip_range_is_first(tx: &Tx<'_>, id: Uuid) -> Result<bool, StoreError> {
    let sql = "SELECT count(*) AS number FROM network WHERE id = ?1 AND removed IS NULL";
    let read = |row: &Row<'_>| amount(row, "number");
    let found = tx.row("look a network up", sql, params![id.to_string()], read)?;
    Ok(found.unwrap_or(0) > 0)
}

/// The subquery of all ranges: those of the table, and the first one of each network.
const ALL: &str = "(SELECT id, zone, network, physical_network, pod, vlan, gateway, netmask, NULL AS cidr, start_ip, end_ip,
        created FROM ip_range
    UNION ALL SELECT id, zone, id, NULL, NULL, 'vlan://untagged', coalesce(gateway, start_ip), NULL, cidr, start_ip,
        end_ip, created FROM network WHERE removed IS NULL) r";

/// Ranges, the oldest first.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn ip_range_list(
    tx: &Tx<'_>,
    filter: &IpRangeFilter,
    page: Page,
) -> Result<Listed<IpRangeRow>, StoreError> {
    Query::new("r.*", ALL, "r.created, r.id")
        .is("r.id", filter.id)
        .is("r.zone", filter.zone)
        .is("r.network", filter.network)
        .is("r.physical_network", filter.physical_network)
        .is("r.pod", filter.pod)
        .filter("(r.vlan = ? OR r.vlan = 'vlan://' || ?)", filter.vlan.clone())
        .filter("(r.network IS NULL) = ?", filter.is_public)
        .list(tx, "list ranges of addresses", page, read)
}

fn read(row: &Row<'_>) -> rusqlite::Result<IpRangeRow> {
    let subnet: Option<ipnet::Ipv4Net> = parsed_or_null(row, "cidr")?;
    Ok(IpRangeRow {
        id: parsed(row, "id")?,
        zone: parsed(row, "zone")?,
        network: parsed_or_null(row, "network")?,
        physical_network: parsed_or_null(row, "physical_network")?,
        pod: parsed_or_null(row, "pod")?,
        vlan: row.get("vlan")?,
        gateway: parsed(row, "gateway")?,
        netmask: match subnet {
            Some(subnet) => subnet.netmask(),
            None => parsed(row, "netmask")?,
        },
        start: parsed(row, "start_ip")?,
        end: parsed(row, "end_ip")?,
    })
}
