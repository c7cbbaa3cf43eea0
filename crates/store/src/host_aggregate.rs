//! Tables `host_aggregate` and `host_aggregate_member`: hosts that stand together under a name, with tags and an availability
//! zone of their own. A host may be in several.
//!
//! Not here: where a VM may run because of it (the scheduler); `claim` reads what a host has of its aggregates.

use hostler_model::{HostAggregateId, HostId, Timestamp, ZoneId};
use rusqlite::{Row, params};

use crate::columns::{json, parsed, time};
use crate::listing::{Listed, Page, Query};
use crate::{StoreError, Tx};

/// Hosts that stand together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostAggregateRow {
    /// Its id.
    pub id: HostAggregateId,
    /// The zone of its hosts.
    pub zone: ZoneId,
    /// Its name, unique in its zone.
    pub name: String,
    /// The availability zone that its hosts are; nothing: users cannot ask for it.
    pub availability_zone: Option<String>,
    /// Tags that its hosts have beside their own, comma separated.
    pub tags: String,
    /// Since when there has been one.
    pub created: Timestamp,
}

/// An aggregate with its hosts.
#[derive(Debug, Clone)]
pub struct HostAggregateView {
    /// The aggregate.
    pub row: HostAggregateRow,
    /// The name of its zone.
    pub zone_name: String,
    /// Its hosts, with their names.
    pub hosts: Vec<(HostId, String)>,
}

/// Which aggregates to list.
#[derive(Debug, Clone, Default)]
pub struct HostAggregateFilter {
    /// This one.
    pub id: Option<HostAggregateId>,
    /// Those in this zone.
    pub zone: Option<ZoneId>,
    /// Those that this host is in.
    pub host: Option<HostId>,
    /// Those that are this availability zone.
    pub availability_zone: Option<String>,
    /// Those whose name contains this.
    pub keyword: Option<String>,
}

/// Adds an aggregate without hosts.
///
/// # Errors
/// [`StoreError::Taken`] if the zone has one of that name.
pub fn host_aggregate_add(tx: &Tx<'_>, row: &HostAggregateRow) -> Result<(), StoreError> {
    let added = tx.execute(
        "record a host aggregate",
        "INSERT INTO host_aggregate (id, zone, name, availability_zone, tags, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            row.id.to_string(),
            row.zone.to_string(),
            row.name,
            row.availability_zone,
            row.tags,
            row.created.0,
        ],
    );
    taken(added, &row.name)
}

/// Changes an aggregate's name, availability zone and tags.
///
/// # Errors
/// [`StoreError::Taken`] if the zone has another one of that name.
pub fn host_aggregate_change(tx: &Tx<'_>, row: &HostAggregateRow) -> Result<(), StoreError> {
    let changed = tx.execute(
        "change a host aggregate",
        "UPDATE host_aggregate SET name = ?2, availability_zone = ?3, tags = ?4 WHERE id = ?1",
        params![row.id.to_string(), row.name, row.availability_zone, row.tags],
    );
    taken(changed, &row.name)
}

fn taken(done: Result<usize, StoreError>, name: &str) -> Result<(), StoreError> {
    match done {
        Err(e) if e.is_unique_violation() => Err(StoreError::Taken(format!(
            "the zone has a host aggregate named {name} already; choose another name"
        ))),
        other => other.map(|_| ()),
    }
}

/// Reads one aggregate.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn host_aggregate_get(
    tx: &Tx<'_>,
    id: HostAggregateId,
) -> Result<HostAggregateRow, StoreError> {
    let sql = "SELECT * FROM host_aggregate WHERE id = ?1";
    tx.row("read a host aggregate", sql, params![id.to_string()], read)?
        .ok_or_else(|| StoreError::NotFound { what: "host aggregate", id: id.to_string() })
}

/// Removes an aggregate; its hosts stay.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn host_aggregate_remove(tx: &Tx<'_>, id: HostAggregateId) -> Result<(), StoreError> {
    for (what, sql) in [
        (
            "forget who was in a host aggregate",
            "DELETE FROM host_aggregate_member WHERE aggregate = ?1",
        ),
        ("remove a host aggregate", "DELETE FROM host_aggregate WHERE id = ?1"),
    ] {
        tx.execute(what, sql, params![id.to_string()])?;
    }
    Ok(())
}

/// Puts a host into an aggregate; in it already is fine.
///
/// # Errors
/// [`StoreError::Taken`] if the host is in another zone than the aggregate.
pub fn host_aggregate_join(
    tx: &Tx<'_>,
    aggregate: HostAggregateId,
    host: HostId,
) -> Result<(), StoreError> {
    let added = tx.execute(
        "put a host into an aggregate",
        "INSERT INTO host_aggregate_member (aggregate, host)
         SELECT g.id, h.id FROM host_aggregate g JOIN host h ON h.zone = g.zone WHERE g.id = ?1 AND h.id = ?2
         ON CONFLICT DO UPDATE SET host = host",
        params![aggregate.to_string(), host.to_string()],
    )?;
    if added == 0 {
        return Err(StoreError::Taken(
            "the host is in another zone than the aggregate; name one of the same zone".to_owned(),
        ));
    }
    Ok(())
}

/// Takes a host out of an aggregate; not in it is fine.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn host_aggregate_leave(
    tx: &Tx<'_>,
    aggregate: HostAggregateId,
    host: HostId,
) -> Result<(), StoreError> {
    tx.execute(
        "take a host out of an aggregate",
        "DELETE FROM host_aggregate_member WHERE aggregate = ?1 AND host = ?2",
        params![aggregate.to_string(), host.to_string()],
    )?;
    Ok(())
}

/// Aggregates by their names.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn host_aggregate_list(
    tx: &Tx<'_>,
    filter: &HostAggregateFilter,
    page: Page,
) -> Result<Listed<HostAggregateView>, StoreError> {
    let of_host =
        "EXISTS (SELECT 1 FROM host_aggregate_member m WHERE m.aggregate = g.id AND m.host = ?)";
    Query::new(
        "g.*, z.name AS zone_name, (SELECT json_group_array(json_array(h.id, h.name) ORDER BY h.name)
             FROM host_aggregate_member m JOIN host h ON h.id = m.host WHERE m.aggregate = g.id) AS hosts",
        "host_aggregate g JOIN zone z ON z.id = g.zone",
        "g.name, g.number",
    )
    .is("g.id", filter.id)
    .is("g.zone", filter.zone)
    .filter(of_host, filter.host.map(|id| id.to_string()))
    .filter("g.availability_zone = ?", filter.availability_zone.clone())
    .keyword(&["g.name"], filter.keyword.as_deref())
    .list(tx, "list host aggregates", page, |row| {
        let (zone_name, hosts) = (row.get("zone_name")?, json(row, "hosts")?);
        Ok(HostAggregateView { row: read(row)?, zone_name, hosts })
    })
}

fn read(row: &Row<'_>) -> rusqlite::Result<HostAggregateRow> {
    Ok(HostAggregateRow {
        id: parsed(row, "id")?,
        zone: parsed(row, "zone")?,
        name: row.get("name")?,
        availability_zone: row.get("availability_zone")?,
        tags: row.get("tags")?,
        created: time(row, "created")?,
    })
}
