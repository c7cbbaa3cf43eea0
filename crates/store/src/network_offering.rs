//! Table `network_offering`: what networks can do, and who makes them.

use std::collections::BTreeMap;

use hostler_model::{DomainId, NetworkOfferingId, Timestamp, ZoneId};
use rusqlite::{Row, params};

use crate::columns::{json, parsed, time, to_json};
use crate::listing::{Listed, Page, Query};
use crate::offering_scope::{
    columns, offered_in, offered_to, offering_set_domains, offering_set_zones, scope_value,
};
use crate::scope::Scope;
use crate::{StoreError, Tx, still_used};

/// A kind of network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkOfferingRow {
    /// Its id.
    pub id: NetworkOfferingId,
    /// Its name, unique.
    pub name: String,
    /// What it is, for people.
    pub display_text: String,
    /// `Shared`, `Isolated` or `L2`. Networks can be made of shared ones so far.
    pub guest_type: String,
    /// The driver that makes its networks; empty: there is none yet.
    pub guru: String,
    /// `Dhcp`, `Dns`, ...
    pub services: Vec<String>,
    /// Whether it came with the product.
    pub is_default: bool,
    /// Who may use it, where, and what else is agreed.
    pub terms: NetworkTerms,
}

/// What is agreed about a kind of network.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // each is a flag of the API
pub struct NetworkTerms {
    /// Whether no new networks are made of it.
    pub is_disabled: bool,
    /// `Optional` or `Required`.
    pub availability: String,
    /// Lists show the largest first.
    pub sort_key: i64,
    /// Whether a VLAN has to be named.
    pub specify_vlan: bool,
    /// Whether addresses have to be named.
    pub specify_ranges: bool,
    /// Whether an address can have several uses.
    pub conserve: bool,
    /// Whether networks exist without VMs.
    pub persistent: bool,
    /// Whether guests may talk to the outside unless a rule says otherwise.
    pub egress: bool,
    /// Tags of the physical network, separated by commas.
    pub tags: String,
    /// Who gives each service.
    pub providers: BTreeMap<String, String>,
    /// What services can do: service, name, value.
    pub capabilities: Vec<(String, String, String)>,
    /// Choices that few need.
    pub details: BTreeMap<String, String>,
    /// The domains that it is for, each with its path; none: all.
    pub domains: Vec<(DomainId, String)>,
    /// The zones that it is for, each with its name; none: all.
    pub zones: Vec<(ZoneId, String)>,
    /// Since when there has been one.
    pub created: Timestamp,
}

impl Default for NetworkTerms {
    fn default() -> Self {
        Self {
            is_disabled: false,
            availability: "Optional".to_owned(),
            sort_key: 0,
            specify_vlan: false,
            specify_ranges: true,
            conserve: true,
            persistent: true,
            egress: true,
            tags: String::new(),
            providers: BTreeMap::new(),
            capabilities: Vec::new(),
            details: BTreeMap::new(),
            domains: Vec::new(),
            zones: Vec::new(),
            created: Timestamp(0),
        }
    }
}

/// Which offerings to list.
#[derive(Debug, Clone, Default)]
pub struct NetworkOfferingFilter {
    /// This one.
    pub id: Option<NetworkOfferingId>,
    /// Those of this name.
    pub name: Option<String>,
    /// Those of this guest type.
    pub guest_type: Option<String>,
    /// Those that came with the product, or not.
    pub is_default: Option<bool>,
    /// Those of which new networks are made, or those of which none are.
    pub is_enabled: Option<bool>,
    /// Those that this zone has.
    pub zone: Option<ZoneId>,
    /// Those that are for this domain and not for all.
    pub domain: Option<DomainId>,
    /// Those with all of these services.
    pub services: Vec<String>,
    /// Those of which a VLAN has to be named, or not.
    pub specify_vlan: Option<bool>,
    /// Those of which addresses have to be named, or not.
    pub specify_ranges: Option<bool>,
    /// Those with exactly these tags.
    pub tags: Option<String>,
    /// Those of this text.
    pub display_text: Option<String>,
    /// Those of networks that have to exist, or do not.
    pub availability: Option<String>,
    /// Those with tags, or without.
    pub is_tagged: Option<bool>,
    /// Those with the service `SourceNat`, or without.
    pub source_nat: Option<bool>,
    /// Those whose name or text contains this.
    pub keyword: Option<String>,
}

/// Adds an offering.
///
/// # Errors
/// [`StoreError::Sqlite`], a unique violation if its name is taken.
pub fn network_offering_add(tx: &Tx<'_>, row: &NetworkOfferingRow) -> Result<(), StoreError> {
    tx.execute(
        "record a network offering",
        "INSERT INTO network_offering (id, name, display_text, guest_type, guru, services, is_default, state,
             availability, specify_vlan, specify_ranges, conserve, persistent, egress, tags, providers, capabilities,
             details, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
        params![
            row.id.to_string(),
            row.name,
            row.display_text,
            row.guest_type,
            row.guru,
            row.services.join(","),
            row.is_default,
            state(row),
            row.terms.availability,
            row.terms.specify_vlan,
            row.terms.specify_ranges,
            row.terms.conserve,
            row.terms.persistent,
            row.terms.egress,
            row.terms.tags,
            to_json(&row.terms.providers),
            to_json(&row.terms.capabilities),
            to_json(&row.terms.details),
            row.terms.created.0,
        ],
    )?;
    restrict(tx, row)
}

fn state(row: &NetworkOfferingRow) -> &'static str {
    if row.terms.is_disabled { "Disabled" } else { "Enabled" }
}

fn restrict(tx: &Tx<'_>, row: &NetworkOfferingRow) -> Result<(), StoreError> {
    let domains: Vec<_> = row.terms.domains.iter().map(|(id, _)| *id).collect();
    let zones: Vec<_> = row.terms.zones.iter().map(|(id, _)| *id).collect();
    offering_set_domains(tx, row.id.uuid(), &domains)?;
    offering_set_zones(tx, row.id.uuid(), &zones)
}

/// Changes what may be changed of an offering.
///
/// # Errors
/// [`StoreError::NotFound`]; [`StoreError::Taken`] if another one has the name.
pub fn network_offering_update(tx: &Tx<'_>, row: &NetworkOfferingRow) -> Result<(), StoreError> {
    if network_offering_by_name(tx, &row.name)?.is_some_and(|other| other.id != row.id) {
        let text =
            format!("there is a network offering named {} already; choose another name", row.name);
        return Err(StoreError::Taken(text));
    }
    tx.execute(
        "change a network offering",
        "UPDATE network_offering SET name = ?2, display_text = ?3, state = ?4, availability = ?5, sort_key = ?6,
             tags = ?7 WHERE id = ?1",
        params![
            row.id.to_string(),
            row.name,
            row.display_text,
            state(row),
            row.terms.availability,
            row.terms.sort_key,
            row.terms.tags,
        ],
    )?;
    restrict(tx, row)
}

/// Removes an offering that no network is of. Its name is free again.
///
/// # Errors
/// [`StoreError::Taken`] says what is of it, [`StoreError::NotFound`] that there is none.
pub fn network_offering_remove(
    tx: &Tx<'_>,
    id: NetworkOfferingId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let row = network_offering_get(tx, id)?;
    still_used(
        tx,
        &format!("network offering {}", row.name),
        "SELECT 'networks' AS kind, count(*) AS number FROM network WHERE offering = ?1 AND removed IS NULL",
        &id.to_string(),
    )?;
    tx.execute(
        "remove a network offering",
        "UPDATE network_offering SET removed = ?2, name = name || ' ' || id WHERE id = ?1",
        params![id.to_string(), now.0],
    )?;
    Ok(())
}

/// An offering.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn network_offering_get(
    tx: &Tx<'_>,
    id: NetworkOfferingId,
) -> Result<NetworkOfferingRow, StoreError> {
    let sql = format!(
        "SELECT o.*, {} FROM network_offering o WHERE o.id = ?1 AND o.removed IS NULL",
        columns("o.id")
    );
    tx.row("read a network offering", &sql, params![id.to_string()], read)?
        .ok_or_else(|| StoreError::NotFound { what: "network offering", id: id.to_string() })
}

/// The offering of a name.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn network_offering_by_name(
    tx: &Tx<'_>,
    name: &str,
) -> Result<Option<NetworkOfferingRow>, StoreError> {
    let sql = format!(
        "SELECT o.*, {} FROM network_offering o WHERE o.name = ?1 AND o.removed IS NULL",
        columns("o.id")
    );
    tx.row("look a network offering up", &sql, params![name], read)
}

/// Offerings that are for `scope`, by their names.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn network_offering_list(
    tx: &Tx<'_>,
    filter: &NetworkOfferingFilter,
    scope: &Scope,
    page: Page,
) -> Result<Listed<NetworkOfferingRow>, StoreError> {
    let columns = format!("o.*, {}", columns("o.id"));
    let shown_to = offered_to("o.id", scope, "?");
    let services = (!filter.services.is_empty()).then(|| to_json(&filter.services));
    Query::new(columns, "network_offering o", "o.sort_key DESC, o.name, o.id")
        .only("o.removed IS NULL")
        .filter(shown_to.as_deref().unwrap_or("?"), shown_to.is_some().then(|| scope_value(scope)))
        .filter(&offered_in("o.id", "?"), filter.zone.map(|id| id.to_string()))
        .filter(
            "o.id IN (SELECT offering FROM offering_domain WHERE domain = ?)",
            filter.domain.map(|id| id.to_string()),
        )
        .filter("(o.state = 'Enabled') = ?", filter.is_enabled)
        .filter("o.specify_vlan = ?", filter.specify_vlan)
        .filter("o.specify_ranges = ?", filter.specify_ranges)
        .is("o.tags", filter.tags.as_deref())
        .filter("(o.tags <> '') = ?", filter.is_tagged)
        .is("o.display_text", filter.display_text.as_deref())
        .filter("o.availability = ? COLLATE NOCASE", filter.availability.clone())
        .filter("(instr(',' || o.services || ',', ',SourceNat,') > 0) = ?", filter.source_nat)
        .filter(
            "NOT EXISTS (SELECT 1 FROM json_each(?) w
                WHERE instr(lower(',' || o.services || ','), ',' || lower(w.value) || ',') = 0)",
            services,
        )
        .is("o.id", filter.id)
        .is("o.name", filter.name.as_deref())
        .filter("o.guest_type = ? COLLATE NOCASE", filter.guest_type.clone())
        .filter("o.is_default = ?", filter.is_default)
        .keyword(&["o.name", "o.display_text"], filter.keyword.as_deref())
        .list(tx, "list network offerings", page, read)
}

fn read(row: &Row<'_>) -> rusqlite::Result<NetworkOfferingRow> {
    let services: String = row.get("services")?;
    Ok(NetworkOfferingRow {
        id: parsed(row, "id")?,
        name: row.get("name")?,
        display_text: row.get("display_text")?,
        guest_type: row.get("guest_type")?,
        guru: row.get("guru")?,
        services: services.split(',').filter(|s| !s.is_empty()).map(str::to_owned).collect(),
        is_default: row.get("is_default")?,
        terms: NetworkTerms {
            is_disabled: row.get::<_, String>("state")? != "Enabled",
            availability: row.get("availability")?,
            sort_key: row.get("sort_key")?,
            specify_vlan: row.get("specify_vlan")?,
            specify_ranges: row.get("specify_ranges")?,
            conserve: row.get("conserve")?,
            persistent: row.get("persistent")?,
            egress: row.get("egress")?,
            tags: row.get("tags")?,
            providers: json(row, "providers")?,
            capabilities: json(row, "capabilities")?,
            details: json(row, "details")?,
            domains: json(row, "offered_domains")?,
            zones: json(row, "offered_zones")?,
            created: time(row, "created")?,
        },
    })
}
