//! Table `domain`: the tenancy units that hold accounts.

use hostler_model::{DomainId, Timestamp};
use rusqlite::{Row, params};

use crate::columns::{parsed, parsed_or_null, time};
use crate::listing::{Listed, Page, Query, still_used};
use crate::scope::Scope;
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
    /// DNS domain of the guests on networks that are made for it; nothing: that of the domain that it is in.
    pub network_domain: Option<String>,
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
    /// Those so many steps below the root.
    pub level: Option<u64>,
    /// Those that are directly in this one.
    pub parent: Option<DomainId>,
    /// Those that are anywhere below this path.
    pub below: Option<String>,
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
        "INSERT INTO domain (id, parent, name, path, network_domain, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            row.id.to_string(),
            row.parent.map(|id| id.to_string()),
            row.name,
            row.path,
            row.network_domain,
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

/// A domain as lists show it.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn domain_view(tx: &Tx<'_>, id: DomainId) -> Result<DomainView, StoreError> {
    let filter = DomainFilter { id: Some(id), ..DomainFilter::default() };
    domain_list(tx, &filter, &Scope::All, Page::default())?
        .rows
        .pop()
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
        .is("d.parent", filter.parent)
        .filter("substr(d.path, 1, length(?) + 1) = ? || '/'", filter.below.clone())
        .filter(
            "length(d.path) - length(replace(d.path, '/', '')) = ?",
            filter.level.map(crate::columns::stored),
        )
        .keyword(&["d.name"], filter.keyword.as_deref())
        .list(tx, "list domains", page, |row| {
            Ok(DomainView { row: read(row)?, has_children: row.get("has_children")? })
        })
}

/// A domain and all that are below it, the deepest first.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn domain_tree(tx: &Tx<'_>, path: &str) -> Result<Vec<DomainRow>, StoreError> {
    tx.rows(
        "read a part of the tree of domains",
        "SELECT * FROM domain WHERE removed IS NULL
             AND (path = ?1 OR substr(path, 1, length(?1) + 1) = ?1 || '/')
         ORDER BY length(path) - length(replace(path, '/', '')) DESC, path",
        params![path],
        read,
    )
}

/// Gives a domain another name and place in the tree; the paths of all below it follow.
///
/// # Errors
/// [`StoreError::NotFound`]; a unique violation if the path is taken.
pub fn domain_move(
    tx: &Tx<'_>,
    id: DomainId,
    parent: DomainId,
    name: &str,
) -> Result<(), StoreError> {
    let (old, above) = (domain_get(tx, id)?.path, domain_get(tx, parent)?.path);
    tx.execute(
        "change a domain",
        "UPDATE domain SET name = ?2, parent = ?3 WHERE id = ?1 AND removed IS NULL",
        params![id.to_string(), name, parent.to_string()],
    )?;
    tx.execute(
        "move domains",
        "UPDATE domain SET path = ?2 || substr(path, length(?1) + 1) WHERE removed IS NULL
             AND (path = ?1 OR substr(path, 1, length(?1) + 1) = ?1 || '/')",
        params![old, format!("{above}/{name}")],
    )?;
    Ok(())
}

/// Gives a domain a DNS domain for the guests on networks that are made for it, or with nothing takes it away.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn domain_set_network_domain(
    tx: &Tx<'_>,
    id: DomainId,
    network_domain: Option<&str>,
) -> Result<(), StoreError> {
    tx.execute(
        "record a domain's DNS domain",
        "UPDATE domain SET network_domain = ?2 WHERE id = ?1 AND removed IS NULL",
        params![id.to_string(), network_domain],
    )?;
    Ok(())
}

/// The DNS domain of the guests on networks that are made for a domain: its own, or that of the nearest one above it
/// that has one.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn network_domain_within(tx: &Tx<'_>, id: DomainId) -> Result<Option<String>, StoreError> {
    tx.row(
        "look up the DNS domain of a domain",
        "SELECT above.network_domain FROM domain d JOIN domain above
             ON d.path = above.path OR substr(d.path, 1, length(above.path) + 1) = above.path || '/'
         WHERE d.id = ?1 AND above.removed IS NULL AND above.network_domain IS NOT NULL
         ORDER BY length(above.path) DESC LIMIT 1",
        params![id.to_string()],
        |row| row.get("network_domain"),
    )
}

/// Removes a domain that has nothing in it. Its path can be given again.
///
/// # Errors
/// [`StoreError::Taken`] says what is in it.
pub fn domain_remove(tx: &Tx<'_>, id: DomainId, now: Timestamp) -> Result<(), StoreError> {
    domain_is_empty(tx, id)?;
    tx.execute(
        "remove a domain",
        "UPDATE domain SET removed = ?2, path = path || '~' || id WHERE id = ?1 AND removed IS NULL",
        params![id.to_string(), now.0],
    )?;
    Ok(())
}

/// Whether a domain has nothing in it.
///
/// # Errors
/// [`StoreError::Taken`] says what is in it.
pub fn domain_is_empty(tx: &Tx<'_>, id: DomainId) -> Result<(), StoreError> {
    still_used(
        tx,
        &format!("domain {id}"),
        "SELECT 'accounts' AS kind, count(*) AS number FROM account WHERE domain = ?1 AND removed IS NULL
         UNION ALL SELECT 'projects', count(*) FROM project WHERE domain = ?1 AND removed IS NULL
         UNION ALL SELECT 'domains', count(*) FROM domain WHERE parent = ?1 AND removed IS NULL",
        &id.to_string(),
    )
}

fn read(row: &Row<'_>) -> rusqlite::Result<DomainRow> {
    Ok(DomainRow {
        id: parsed(row, "id")?,
        parent: parsed_or_null(row, "parent")?,
        name: row.get("name")?,
        path: row.get("path")?,
        network_domain: row.get("network_domain")?,
        created: time(row, "created")?,
    })
}
