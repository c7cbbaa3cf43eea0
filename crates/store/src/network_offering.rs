//! Table `network_offering`: what networks can do, and who makes them.

use hostler_model::NetworkOfferingId;
use rusqlite::{Row, params};

use crate::columns::parsed;
use crate::listing::{Listed, Page, Query};
use crate::{StoreError, Tx};

/// A kind of network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkOfferingRow {
    /// Its id.
    pub id: NetworkOfferingId,
    /// Its name, unique.
    pub name: String,
    /// What it is, for people.
    pub display_text: String,
    /// `Shared`.
    pub guest_type: String,
    /// The driver that makes its networks.
    pub guru: String,
    /// `Dhcp`, `Dns`, ...
    pub services: Vec<String>,
    /// Whether it came with the product.
    pub is_default: bool,
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
        "INSERT INTO network_offering (id, name, display_text, guest_type, guru, services, is_default)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            row.id.to_string(),
            row.name,
            row.display_text,
            row.guest_type,
            row.guru,
            row.services.join(","),
            row.is_default,
        ],
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
    tx.row(
        "read a network offering",
        "SELECT * FROM network_offering WHERE id = ?1",
        params![id.to_string()],
        read,
    )?
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
    tx.row(
        "look a network offering up",
        "SELECT * FROM network_offering WHERE name = ?1",
        params![name],
        read,
    )
}

/// Offerings by their names.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn network_offering_list(
    tx: &Tx<'_>,
    filter: &NetworkOfferingFilter,
    page: Page,
) -> Result<Listed<NetworkOfferingRow>, StoreError> {
    Query::new("o.*", "network_offering o", "o.name, o.id")
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
    })
}
