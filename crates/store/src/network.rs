//! Table `network`: guest networks.

use std::net::Ipv4Addr;

use hostler_model::{
    AccountId, DomainId, NetworkId, NetworkOfferingId, PhysicalNetworkId, Timestamp, ZoneId,
};
use ipnet::Ipv4Net;
use rusqlite::{Row, params};

use crate::columns::{json, parsed, parsed_or_null, time, to_json};
use crate::listing::{Listed, Page, Query};
use crate::scope::Scope;
use crate::tag::{TagView, tags_column};
use crate::{StoreError, Tx, still_used};

/// A guest network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkRow {
    /// Its id.
    pub id: NetworkId,
    /// Its name.
    pub name: String,
    /// What it is, for people.
    pub display_text: String,
    /// The zone that it is in.
    pub zone: ZoneId,
    /// What it can do.
    pub offering: NetworkOfferingId,
    /// Who made it. A shared network may be used by everybody.
    pub account: AccountId,
    /// The driver that made it.
    pub guru: String,
    /// `Shared`.
    pub guest_type: String,
    /// `Guest`.
    pub traffic_type: String,
    /// Its subnet.
    pub cidr: Ipv4Net,
    /// The router that guests are given.
    pub gateway: Option<Ipv4Addr>,
    /// The first address that may be given out.
    pub start_ip: Ipv4Addr,
    /// The last one.
    pub end_ip: Ipv4Addr,
    /// The bridge on every host; nothing means each host's own guest bridge.
    pub bridge: Option<String>,
    /// The DNS domain of its guests.
    pub network_domain: String,
    /// The resolvers that guests are given; none means the zone's.
    pub dns: Vec<Ipv4Addr>,
    /// Largest packet, in bytes.
    pub mtu: u32,
    /// `Account`: only its account may use it; `Domain`: everybody in `acl_domain`.
    pub acl_type: String,
    /// The domain whose accounts may use it; nothing: every domain.
    pub acl_domain: Option<DomainId>,
    /// Whether accounts of domains below may use it too.
    pub subdomain_access: bool,
    /// Whether it is what VMs of its zone get when they name no network.
    pub is_default: bool,
    /// `Setup`: it can be used.
    pub state: String,
    /// Since when there has been one.
    pub created: Timestamp,
}

impl NetworkRow {
    /// How many addresses may be given out.
    pub fn addresses(&self) -> u64 {
        u64::from(u32::from(self.end_ip)).saturating_sub(u64::from(u32::from(self.start_ip))) + 1
    }
}

/// A network with the names of what it belongs to.
#[derive(Debug, Clone)]
pub struct NetworkView {
    /// The network.
    pub row: NetworkRow,
    /// The name of its zone.
    pub zone_name: String,
    /// The resolvers of its zone.
    pub zone_dns: Vec<Ipv4Addr>,
    /// The name of its offering.
    pub offering_name: String,
    /// What the offering is, for people.
    pub offering_text: String,
    /// What it does for its guests.
    pub services: Vec<String>,
    /// The name of the account that made it.
    pub account_name: String,
    /// That account's domain.
    pub domain: DomainId,
    /// That domain's name.
    pub domain_name: String,
    /// That domain's path.
    pub domain_path: String,
    /// Its tags, by their keys.
    pub tags: Vec<TagView>,
}

/// Which networks to list.
#[derive(Debug, Clone, Default)]
pub struct NetworkFilter {
    /// Those that somebody in this scope may use; nothing: all.
    pub usable_in: Option<Scope>,
    /// `Account` or `Domain`: those that are for one account, or for a domain.
    pub acl_type: Option<String>,
    /// Those that do all of this for their guests.
    pub services: Vec<String>,
    /// This one.
    pub id: Option<NetworkId>,
    /// These.
    pub ids: Vec<NetworkId>,
    /// Those of this name.
    pub name: Option<String>,
    /// Those in this zone.
    pub zone: Option<ZoneId>,
    /// Those on this physical network.
    pub physical_network: Option<PhysicalNetworkId>,
    /// Those of this offering.
    pub offering: Option<NetworkOfferingId>,
    /// Those of this guest type.
    pub guest_type: Option<String>,
    /// Those of this traffic type.
    pub traffic_type: Option<String>,
    /// Those with one of these tags, each a key and a value.
    pub tags: Vec<(String, String)>,
    /// Those whose name or text contains this.
    pub keyword: Option<String>,
}

/// Adds a network.
///
/// # Errors
/// [`StoreError::Sqlite`], a unique violation if it is a second default of its zone.
pub fn network_add(tx: &Tx<'_>, row: &NetworkRow) -> Result<(), StoreError> {
    tx.execute(
        "record a network",
        "INSERT INTO network (id, name, display_text, zone, offering, account, guru, guest_type, traffic_type,
             cidr, gateway, start_ip, end_ip, bridge, network_domain, dns, mtu, is_default, state, created, acl_type,
             acl_domain, subdomain_access)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
             ?21, ?22, ?23)",
        params![
            row.id.to_string(),
            row.name,
            row.display_text,
            row.zone.to_string(),
            row.offering.to_string(),
            row.account.to_string(),
            row.guru,
            row.guest_type,
            row.traffic_type,
            row.cidr.to_string(),
            row.gateway.map(|ip| ip.to_string()),
            row.start_ip.to_string(),
            row.end_ip.to_string(),
            row.bridge,
            row.network_domain,
            comma_separated(&row.dns),
            row.mtu,
            row.is_default,
            row.state,
            row.created.0,
            row.acl_type,
            row.acl_domain.map(|id| id.to_string()),
            row.subdomain_access,
        ],
    )?;
    Ok(())
}

/// A network.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn network_get(tx: &Tx<'_>, id: NetworkId) -> Result<NetworkRow, StoreError> {
    tx.row(
        "read a network",
        "SELECT * FROM network WHERE id = ?1 AND removed IS NULL",
        params![id.to_string()],
        read,
    )?
    .ok_or_else(|| StoreError::NotFound { what: "network", id: id.to_string() })
}

/// Every network of a zone.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn network_of_zone(tx: &Tx<'_>, zone: ZoneId) -> Result<Vec<NetworkRow>, StoreError> {
    tx.rows(
        "read a zone's networks",
        "SELECT * FROM network WHERE zone = ?1 AND removed IS NULL ORDER BY created, id",
        params![zone.to_string()],
        read,
    )
}

/// Removes a network that no NIC is on.
///
/// # Errors
/// [`StoreError::Taken`] says what is on it, [`StoreError::NotFound`] that there is none.
pub fn network_remove(tx: &Tx<'_>, id: NetworkId, now: Timestamp) -> Result<(), StoreError> {
    let network = network_get(tx, id)?;
    still_used(
        tx,
        &format!("network {}", network.name),
        "SELECT 'NICs' AS kind, count(*) AS number FROM nic WHERE network = ?1 AND removed IS NULL",
        &id.to_string(),
    )?;
    tx.execute(
        "remove a network's added ranges",
        "DELETE FROM ip_range WHERE network = ?1",
        params![id.to_string()],
    )?;
    tx.execute(
        "remove a network",
        "UPDATE network SET removed = ?2, is_default = 0 WHERE id = ?1",
        params![id.to_string(), now.0],
    )?;
    Ok(())
}

/// Networks by their names.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn network_list(
    tx: &Tx<'_>,
    filter: &NetworkFilter,
    page: Page,
) -> Result<Listed<NetworkView>, StoreError> {
    let query = Query::new(
        concat!(
            "n.*, z.name AS zone_name, z.dns1, z.dns2, o.name AS offering_name,
         o.display_text AS offering_text, o.services, a.name AS account_name, d.id AS domain,
         d.name AS domain_name, d.path AS domain_path, ",
            tags_column!("n.id")
        ),
        "network n JOIN zone z ON z.id = n.zone JOIN network_offering o ON o.id = n.offering
         JOIN account a ON a.id = n.account JOIN domain d ON d.id = a.domain",
        "n.name, n.id",
    );
    let query = match &filter.usable_in {
        None | Some(Scope::All) => query,
        Some(scope) => {
            let (accounts, value) = scope.accounts();
            query.filter(&usable("n", &format!("x.id IN ({accounts})")), value)
        }
    };
    query
        .only("n.removed IS NULL")
        .is("n.id", filter.id)
        .any("n.id", &filter.ids)
        .is("n.name", filter.name.as_deref())
        .is("n.zone", filter.zone)
        .filter(
            "EXISTS (SELECT 1 FROM physical_network p JOIN traffic_type c ON c.physical_network = p.id
                WHERE p.id = ? AND p.zone = n.zone AND c.kind = 'Guest'
                AND (c.label IS NULL OR n.bridge IS NULL OR c.label = n.bridge))",
            filter.physical_network.map(|id| id.to_string()),
        )
        .is("n.offering", filter.offering)
        .filter("n.acl_type = ? COLLATE NOCASE", filter.acl_type.clone())
        .filter(
            "NOT EXISTS (SELECT 1 FROM json_each(?) s
             WHERE instr(lower(',' || o.services || ','), lower(',' || s.value || ',')) = 0)",
            (!filter.services.is_empty()).then(|| to_json(&filter.services)),
        )
        .tagged("n.id", &filter.tags)
        .filter("n.guest_type = ? COLLATE NOCASE", filter.guest_type.clone())
        .filter("n.traffic_type = ? COLLATE NOCASE", filter.traffic_type.clone())
        .keyword(&["n.name", "n.display_text"], filter.keyword.as_deref())
        .list(tx, "list networks", page, read_view)
}

/// The condition that some account `x`, of domain `xd`, for which `who` holds may use the network of this alias.
pub(crate) fn usable(network: &str, who: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM account x JOIN domain xd ON xd.id = x.domain WHERE {who} AND
             CASE {network}.acl_type WHEN 'Account' THEN {network}.account = x.id
             ELSE {network}.acl_domain IS NULL OR {network}.acl_domain = x.domain
                 OR ({network}.subdomain_access = 1 AND EXISTS (SELECT 1 FROM domain nd
                     WHERE nd.id = {network}.acl_domain
                         AND substr(xd.path, 1, length(nd.path) + 1) = nd.path || '/')) END)"
    )
}

/// What is to be said anew of a network; nothing: as before.
#[derive(Debug, Clone, Default)]
pub struct NetworkUpdate {
    /// Its name.
    pub name: Option<String>,
    /// What it is, for people.
    pub display_text: Option<String>,
    /// DNS domain of its guests.
    pub network_domain: Option<String>,
    /// The resolvers that guests are given.
    pub dns: Option<Vec<Ipv4Addr>>,
    /// Largest packet, in bytes.
    pub mtu: Option<u32>,
}

/// Changes what is said of a network.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn network_update(
    tx: &Tx<'_>,
    id: NetworkId,
    update: &NetworkUpdate,
) -> Result<(), StoreError> {
    let changed = tx.execute(
        "change a network",
        "UPDATE network SET name = coalesce(?2, name), display_text = coalesce(?3, display_text),
             network_domain = coalesce(?4, network_domain), dns = coalesce(?5, dns), mtu = coalesce(?6, mtu)
         WHERE id = ?1 AND removed IS NULL",
        params![
            id.to_string(),
            update.name,
            update.display_text,
            update.network_domain,
            update.dns.as_ref().map(|dns| comma_separated(dns)),
            update.mtu,
        ],
    )?;
    match changed {
        0 => Err(StoreError::NotFound { what: "network", id: id.to_string() }),
        _ => Ok(()),
    }
}

fn comma_separated(addresses: &[Ipv4Addr]) -> String {
    addresses.iter().map(Ipv4Addr::to_string).collect::<Vec<_>>().join(",")
}

fn read_view(row: &Row<'_>) -> rusqlite::Result<NetworkView> {
    let services: String = row.get("services")?;
    let zone_dns: Vec<Ipv4Addr> =
        [Some(parsed(row, "dns1")?), parsed_or_null(row, "dns2")?].into_iter().flatten().collect();
    Ok(NetworkView {
        row: read(row)?,
        zone_name: row.get("zone_name")?,
        zone_dns,
        offering_name: row.get("offering_name")?,
        offering_text: row.get("offering_text")?,
        services: services.split(',').map(str::to_owned).collect(),
        account_name: row.get("account_name")?,
        domain: parsed(row, "domain")?,
        domain_name: row.get("domain_name")?,
        domain_path: row.get("domain_path")?,
        tags: json(row, "tags")?,
    })
}

fn read(row: &Row<'_>) -> rusqlite::Result<NetworkRow> {
    let dns: String = row.get("dns")?;
    Ok(NetworkRow {
        id: parsed(row, "id")?,
        name: row.get("name")?,
        display_text: row.get("display_text")?,
        zone: parsed(row, "zone")?,
        offering: parsed(row, "offering")?,
        account: parsed(row, "account")?,
        guru: row.get("guru")?,
        guest_type: row.get("guest_type")?,
        traffic_type: row.get("traffic_type")?,
        cidr: parsed(row, "cidr")?,
        gateway: parsed_or_null(row, "gateway")?,
        start_ip: parsed(row, "start_ip")?,
        end_ip: parsed(row, "end_ip")?,
        bridge: row.get("bridge")?,
        network_domain: row.get("network_domain")?,
        dns: dns.split(',').filter_map(|ip| ip.parse().ok()).collect(),
        mtu: row.get("mtu")?,
        is_default: row.get("is_default")?,
        acl_type: row.get("acl_type")?,
        acl_domain: parsed_or_null(row, "acl_domain")?,
        subdomain_access: row.get("subdomain_access")?,
        state: row.get("state")?,
        created: time(row, "created")?,
    })
}

/// The zone of a network that is not removed.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn network_zone(tx: &Tx<'_>, id: NetworkId) -> Result<ZoneId, StoreError> {
    let sql = "SELECT zone FROM network WHERE id = ?1 AND removed IS NULL";
    tx.row("read the zone of a network", sql, params![id.to_string()], |row| parsed(row, "zone"))?
        .ok_or_else(|| StoreError::NotFound { what: "network", id: id.to_string() })
}
