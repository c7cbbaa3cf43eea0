//! Table `domain`: the tenancy units that hold accounts.

use hostler_model::{DomainId, Timestamp};
use rusqlite::{Row, params};

use crate::columns::{parsed, parsed_or_null, time};
use crate::listing::{Listed, Page, Query, Scope};
use crate::{StoreError, Tx};

/// A tenancy unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainRow {
    /// Its id.
    pub id: DomainId,
    /// The domain that it is in; the root has none.
    pub parent: Option<DomainId>,
    /// Its name.
    pub name: String,
    /// The names from the root down, `ROOT/shop/test`.
    pub path: String,
    /// Since when there has been one.
    pub created: Timestamp,
}

/// A domain, and whether it is a leaf of the tree.
#[derive(Debug, Clone)]
pub struct DomainView {
    /// The domain.
    pub row: DomainRow,
    /// Whether there are domains in it.
    pub has_children: bool,
}

/// Which domains to list.
#[derive(Debug, Clone, Default)]
pub struct DomainFilter {
    /// This one.
    pub id: Option<DomainId>,
    /// Those of this name.
    pub name: Option<String>,
    /// Those whose name contains this.
    pub keyword: Option<String>,
}

/// Adds a domain.
///
/// # Errors
/// [`StoreError::Sqlite`], a unique violation if its path is taken.
pub fn domain_add(tx: &Tx<'_>, row: &DomainRow) -> Result<(), StoreError> {
    tx.execute(
        "record a domain",
        "INSERT INTO domain (id, parent, name, path, created) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            row.id.to_string(),
            row.parent.map(|id| id.to_string()),
            row.name,
            row.path,
            row.created.0
        ],
    )?;
    Ok(())
}

/// The domain with a path such as `ROOT/shop`.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn domain_by_path(tx: &Tx<'_>, path: &str) -> Result<Option<DomainRow>, StoreError> {
    tx.row(
        "look a domain up",
        "SELECT * FROM domain WHERE path = ?1 AND removed IS NULL",
        params![path],
        read,
    )
}

/// A domain.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn domain_get(tx: &Tx<'_>, id: DomainId) -> Result<DomainRow, StoreError> {
    tx.row(
        "read a domain",
        "SELECT * FROM domain WHERE id = ?1 AND removed IS NULL",
        params![id.to_string()],
        read,
    )?
    .ok_or_else(|| StoreError::NotFound { what: "domain", id: id.to_string() })
}

/// Domains by their paths.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn domain_list(
    tx: &Tx<'_>,
    filter: &DomainFilter,
    scope: &Scope,
    page: Page,
) -> Result<Listed<DomainView>, StoreError> {
    let columns = "d.*, EXISTS (SELECT 1 FROM domain c WHERE c.parent = d.id AND c.removed IS NULL)
        AS has_children";
    let query = Query::new(columns, "domain d", "d.path").only("d.removed IS NULL");
    // an account sees the domain that it is in
    let query = match scope {
        Scope::Account(id) | Scope::Member(id) => {
            query.filter("d.id = (SELECT domain FROM account WHERE id = ?)", Some(id.to_string()))
        }
        other => query.scope(other),
    };
    query
        .is("d.id", filter.id)
        .is("d.name", filter.name.as_deref())
        .keyword(&["d.name"], filter.keyword.as_deref())
        .list(tx, "list domains", page, |row| {
            Ok(DomainView { row: read(row)?, has_children: row.get("has_children")? })
        })
}

fn read(row: &Row<'_>) -> rusqlite::Result<DomainRow> {
    Ok(DomainRow {
        id: parsed(row, "id")?,
        parent: parsed_or_null(row, "parent")?,
        name: row.get("name")?,
        path: row.get("path")?,
        created: time(row, "created")?,
    })
}
