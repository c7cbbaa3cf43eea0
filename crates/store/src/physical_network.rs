//! Tables `physical_network`, `traffic_type` and `network_provider`: wires, as an administrator describes them.
//!
//! They are records: guest traffic takes each host's own bridges, which its administrator made.

use hostler_model::{
    DomainId, NetworkProviderId, PhysicalNetworkId, Timestamp, TrafficTypeId, ZoneId,
};
use rusqlite::{Row, params};

use crate::columns::{parsed, parsed_or_null};
use crate::listing::{Listed, Page, Query};
use crate::{StoreError, Tx, still_used};

/// A wire of a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhysicalNetworkRow {
    /// Its id.
    pub id: PhysicalNetworkId,
    /// Its zone.
    pub zone: ZoneId,
    /// That zone's name.
    pub zone_name: String,
    /// Its name, unique in its zone.
    pub name: String,
    /// How networks on it are kept apart, separated by commas.
    pub isolation: String,
    /// VLANs for guest networks, such as `100-199`.
    pub vlan: Option<String>,
    /// Its speed, such as `10G`.
    pub speed: Option<String>,
    /// Its tags, separated by commas.
    pub tags: String,
    /// The domain that it is for; nothing: all.
    pub domain: Option<DomainId>,
    /// Whether it is in use.
    pub is_enabled: bool,
}

/// A kind of traffic on a wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrafficTypeRow {
    /// Its id.
    pub id: TrafficTypeId,
    /// The wire.
    pub physical_network: PhysicalNetworkId,
    /// `Guest`, `Public`, `Management` or `Storage`.
    pub kind: String,
    /// The bridge that an administrator has in mind.
    pub label: Option<String>,
}

/// Who gives services on a wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkProviderRow {
    /// Its id.
    pub id: NetworkProviderId,
    /// The wire.
    pub physical_network: PhysicalNetworkId,
    /// Its name.
    pub name: String,
    /// Whether it is in use.
    pub is_enabled: bool,
}

const fn state(is_enabled: bool) -> &'static str {
    if is_enabled { "Enabled" } else { "Disabled" }
}

/// Adds a wire.
///
/// # Errors
/// [`StoreError::Taken`] if the zone has one of that name.
pub fn physical_network_add(
    tx: &Tx<'_>,
    row: &PhysicalNetworkRow,
    now: Timestamp,
) -> Result<(), StoreError> {
    let added = tx.execute(
        "record a physical network",
        "INSERT INTO physical_network (id, zone, name, isolation, vlan, speed, tags, domain, state, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            row.id.to_string(),
            row.zone.to_string(),
            row.name,
            row.isolation,
            row.vlan,
            row.speed,
            row.tags,
            row.domain.map(|id| id.to_string()),
            state(row.is_enabled),
            now.0,
        ],
    );
    match added {
        Err(e) if e.is_unique_violation() => Err(StoreError::Taken(format!(
            "the zone has a physical network named {} already; choose another name",
            row.name
        ))),
        other => other.map(|_| ()),
    }
}

/// A wire.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn physical_network_get(
    tx: &Tx<'_>,
    id: PhysicalNetworkId,
) -> Result<PhysicalNetworkRow, StoreError> {
    let filter = PhysicalNetworkFilter { id: Some(id), ..PhysicalNetworkFilter::default() };
    physical_network_list(tx, &filter, Page::default())?
        .rows
        .pop()
        .ok_or_else(|| StoreError::NotFound { what: "physical network", id: id.to_string() })
}

/// Changes a wire's VLANs, speed, tags and state.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn physical_network_update(tx: &Tx<'_>, row: &PhysicalNetworkRow) -> Result<(), StoreError> {
    tx.execute(
        "change a physical network",
        "UPDATE physical_network SET vlan = ?2, speed = ?3, tags = ?4, state = ?5 WHERE id = ?1",
        params![row.id.to_string(), row.vlan, row.speed, row.tags, state(row.is_enabled)],
    )?;
    Ok(())
}

/// Removes a wire, its traffic types and its providers.
///
/// # Errors
/// [`StoreError::Taken`] if there are ranges of addresses on it, [`StoreError::NotFound`].
pub fn physical_network_remove(tx: &Tx<'_>, id: PhysicalNetworkId) -> Result<(), StoreError> {
    let row = physical_network_get(tx, id)?;
    still_used(
        tx,
        &format!("physical network {}", row.name),
        "SELECT 'IP ranges' AS kind, count(*) AS number FROM ip_range WHERE physical_network = ?1",
        &id.to_string(),
    )?;
    let sql = "DELETE FROM physical_network WHERE id = ?1";
    tx.execute("remove a physical network", sql, params![id.to_string()])?;
    Ok(())
}

/// Which wires to list.
#[derive(Debug, Clone, Default)]
pub struct PhysicalNetworkFilter {
    /// This one.
    pub id: Option<PhysicalNetworkId>,
    /// Those of this zone.
    pub zone: Option<ZoneId>,
    /// Those of this name.
    pub name: Option<String>,
    /// Those whose name contains this.
    pub keyword: Option<String>,
}

/// Wires by their names.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn physical_network_list(
    tx: &Tx<'_>,
    filter: &PhysicalNetworkFilter,
    page: Page,
) -> Result<Listed<PhysicalNetworkRow>, StoreError> {
    let from = "physical_network n JOIN zone z ON z.id = n.zone";
    Query::new("n.*, z.name AS zone_name", from, "n.name, n.id")
        .is("n.id", filter.id)
        .is("n.zone", filter.zone)
        .is("n.name", filter.name.as_deref())
        .keyword(&["n.name"], filter.keyword.as_deref())
        .list(tx, "list physical networks", page, |row| {
            Ok(PhysicalNetworkRow {
                id: parsed(row, "id")?,
                zone: parsed(row, "zone")?,
                zone_name: row.get("zone_name")?,
                name: row.get("name")?,
                isolation: row.get("isolation")?,
                vlan: row.get("vlan")?,
                speed: row.get("speed")?,
                tags: row.get("tags")?,
                domain: parsed_or_null(row, "domain")?,
                is_enabled: is_enabled(row)?,
            })
        })
}

fn is_enabled(row: &Row<'_>) -> rusqlite::Result<bool> {
    Ok(row.get::<_, String>("state")? == "Enabled")
}

/// Adds a kind of traffic to a wire.
///
/// # Errors
/// [`StoreError::Taken`] if the wire has it already.
pub fn traffic_type_add(tx: &Tx<'_>, row: &TrafficTypeRow) -> Result<(), StoreError> {
    let added = tx.execute(
        "record a traffic type",
        "INSERT INTO traffic_type (id, physical_network, kind, label) VALUES (?1, ?2, ?3, ?4)",
        params![row.id.to_string(), row.physical_network.to_string(), row.kind, row.label],
    );
    match added {
        Err(e) if e.is_unique_violation() => Err(StoreError::Taken(format!(
            "the physical network has {} traffic already; change it with updateTrafficType",
            row.kind
        ))),
        other => other.map(|_| ()),
    }
}

/// A kind of traffic on a wire.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn traffic_type_get(tx: &Tx<'_>, id: TrafficTypeId) -> Result<TrafficTypeRow, StoreError> {
    let sql = "SELECT * FROM traffic_type WHERE id = ?1";
    tx.row("read a traffic type", sql, params![id.to_string()], read_traffic)?
        .ok_or_else(|| StoreError::NotFound { what: "traffic type", id: id.to_string() })
}

/// Says anew which bridge is meant for a kind of traffic.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn traffic_type_label(
    tx: &Tx<'_>,
    id: TrafficTypeId,
    label: Option<&str>,
) -> Result<(), StoreError> {
    let sql = "UPDATE traffic_type SET label = ?2 WHERE id = ?1";
    tx.execute("change a traffic type", sql, params![id.to_string(), label])?;
    Ok(())
}

/// Takes a kind of traffic off its wire.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn traffic_type_remove(tx: &Tx<'_>, id: TrafficTypeId) -> Result<(), StoreError> {
    let sql = "DELETE FROM traffic_type WHERE id = ?1";
    tx.execute("remove a traffic type", sql, params![id.to_string()])?;
    Ok(())
}

/// The kinds of traffic on a wire.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn traffic_type_list(
    tx: &Tx<'_>,
    physical_network: PhysicalNetworkId,
    keyword: Option<&str>,
    page: Page,
) -> Result<Listed<TrafficTypeRow>, StoreError> {
    Query::new("t.*", "traffic_type t", "t.kind, t.id")
        .is("t.physical_network", Some(physical_network))
        .keyword(&["t.kind"], keyword)
        .list(tx, "list traffic types", page, read_traffic)
}

fn read_traffic(row: &Row<'_>) -> rusqlite::Result<TrafficTypeRow> {
    Ok(TrafficTypeRow {
        id: parsed(row, "id")?,
        physical_network: parsed(row, "physical_network")?,
        kind: row.get("kind")?,
        label: row.get("label")?,
    })
}

/// Adds a provider to a wire.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn network_provider_add(tx: &Tx<'_>, row: &NetworkProviderRow) -> Result<(), StoreError> {
    tx.execute(
        "record a network provider",
        "INSERT INTO network_provider (id, physical_network, name, state) VALUES (?1, ?2, ?3, ?4)",
        params![
            row.id.to_string(),
            row.physical_network.to_string(),
            row.name,
            state(row.is_enabled)
        ],
    )?;
    Ok(())
}

/// Records whether a provider is in use.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn network_provider_enable(
    tx: &Tx<'_>,
    id: NetworkProviderId,
    is_enabled: bool,
) -> Result<(), StoreError> {
    let sql = "UPDATE network_provider SET state = ?2 WHERE id = ?1";
    tx.execute("change a network provider", sql, params![id.to_string(), state(is_enabled)])?;
    Ok(())
}

/// Which providers to list.
#[derive(Debug, Clone, Default)]
pub struct NetworkProviderFilter {
    /// This one.
    pub id: Option<NetworkProviderId>,
    /// Those on this wire.
    pub physical_network: Option<PhysicalNetworkId>,
    /// Those of this name.
    pub name: Option<String>,
    /// Those in use, or not.
    pub is_enabled: Option<bool>,
    /// Those whose name contains this.
    pub keyword: Option<String>,
}

/// Providers by their names.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn network_provider_list(
    tx: &Tx<'_>,
    filter: &NetworkProviderFilter,
    page: Page,
) -> Result<Listed<NetworkProviderRow>, StoreError> {
    Query::new("p.*", "network_provider p", "p.name, p.id")
        .is("p.id", filter.id)
        .is("p.physical_network", filter.physical_network)
        .filter("p.name = ? COLLATE NOCASE", filter.name.clone())
        .is("p.state", filter.is_enabled.map(state))
        .keyword(&["p.name"], filter.keyword.as_deref())
        .list(tx, "list network providers", page, |row| {
            Ok(NetworkProviderRow {
                id: parsed(row, "id")?,
                physical_network: parsed(row, "physical_network")?,
                name: row.get("name")?,
                is_enabled: is_enabled(row)?,
            })
        })
}
