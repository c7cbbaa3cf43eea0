//! Tables `affinity_group` and `vm_affinity_group`: VMs that are kept on one host, or on different ones.
//!
//! Not here: where a VM may run because of them (the scheduler), and the re-check in the claim (`claim`).

use hostler_model::{AccountId, AffinityGroupId, AffinityKind, DomainId, Timestamp, VmId};
use rusqlite::{Row, params};

use crate::columns::{json, parsed, time, to_json};
use crate::listing::{Listed, Page, Query};
use crate::scope::Scope;
use crate::{StoreError, Tx};

/// An affinity group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AffinityGroupRow {
    /// Its id.
    pub id: AffinityGroupId,
    /// Whose it is.
    pub account: AccountId,
    /// Its name, unique in its account.
    pub name: String,
    /// Where its members are to run.
    pub kind: AffinityKind,
    /// What it is for, for people.
    pub description: String,
    /// Since when there has been one.
    pub created: Timestamp,
}

/// A group with its owner and its members.
#[derive(Debug, Clone)]
pub struct AffinityGroupView {
    /// The group.
    pub row: AffinityGroupRow,
    /// The owner's name.
    pub account_name: String,
    /// The owner's domain.
    pub domain: DomainId,
    /// That domain's name.
    pub domain_name: String,
    /// That domain's path.
    pub domain_path: String,
    /// Its members.
    pub vms: Vec<VmId>,
}

/// Which groups to list.
#[derive(Debug, Clone, Default)]
pub struct AffinityGroupFilter {
    /// This one.
    pub id: Option<AffinityGroupId>,
    /// Those of this name.
    pub name: Option<String>,
    /// Those of this kind.
    pub kind: Option<AffinityKind>,
    /// Those that this VM is in.
    pub vm: Option<VmId>,
    /// Those whose name contains this.
    pub keyword: Option<String>,
}

/// Adds a group.
///
/// # Errors
/// [`StoreError::Taken`] if the account has one of that name.
pub fn affinity_group_add(tx: &Tx<'_>, row: &AffinityGroupRow) -> Result<(), StoreError> {
    let added = tx.execute(
        "record an affinity group",
        "INSERT INTO affinity_group (id, account, name, kind, description, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            row.id.to_string(),
            row.account.to_string(),
            row.name,
            row.kind.as_str(),
            row.description,
            row.created.0,
        ],
    );
    match added {
        Err(e) if e.is_unique_violation() => Err(StoreError::Taken(format!(
            "there is an affinity group named {} already; choose another name",
            row.name
        ))),
        other => other.map(|_| ()),
    }
}

/// Removes a group. Its members go on without it.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn affinity_group_remove(tx: &Tx<'_>, id: AffinityGroupId) -> Result<(), StoreError> {
    for (what, sql) in [
        ("forget who was in a group", "DELETE FROM vm_affinity_group WHERE affinity_group = ?1"),
        ("remove an affinity group", "DELETE FROM affinity_group WHERE id = ?1"),
    ] {
        tx.execute(what, sql, params![id.to_string()])?;
    }
    Ok(())
}

/// The groups of an account that have one of these ids or names.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn affinity_groups_named(
    tx: &Tx<'_>,
    account: AccountId,
    ids: &[AffinityGroupId],
    names: &[String],
) -> Result<Vec<(AffinityGroupId, String)>, StoreError> {
    tx.rows(
        "look affinity groups up",
        "SELECT id, name FROM affinity_group WHERE account = ?1
         AND (id IN (SELECT value FROM json_each(?2)) OR name IN (SELECT value FROM json_each(?3)))
         ORDER BY name",
        params![account.to_string(), to_json(&ids), to_json(&names)],
        |row| Ok((parsed(row, "id")?, row.get("name")?)),
    )
}

/// Puts a VM into groups; those that it is in already are fine.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn affinity_groups_join(
    tx: &Tx<'_>,
    vm: VmId,
    groups: &[AffinityGroupId],
) -> Result<(), StoreError> {
    if groups.is_empty() {
        return Ok(());
    }
    tx.execute(
        "put a VM into affinity groups",
        "INSERT OR IGNORE INTO vm_affinity_group (vm, affinity_group) SELECT ?1, value FROM json_each(?2)",
        params![vm.to_string(), to_json(&groups)],
    )?;
    Ok(())
}

/// Puts a VM into exactly these groups, whichever it was in before.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn affinity_groups_set(
    tx: &Tx<'_>,
    vm: VmId,
    groups: &[AffinityGroupId],
) -> Result<(), StoreError> {
    tx.execute(
        "take a VM out of its affinity groups",
        "DELETE FROM vm_affinity_group WHERE vm = ?1",
        params![vm.to_string()],
    )?;
    affinity_groups_join(tx, vm, groups)
}

/// Groups by their names.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn affinity_group_list(
    tx: &Tx<'_>,
    filter: &AffinityGroupFilter,
    scope: &Scope,
    page: Page,
) -> Result<Listed<AffinityGroupView>, StoreError> {
    Query::new(
        "g.*, a.name AS account_name, d.id AS domain, d.name AS domain_name, d.path AS domain_path,
         (SELECT json_group_array(m.vm) FROM vm_affinity_group m JOIN vm ON vm.id = m.vm
          WHERE m.affinity_group = g.id AND vm.removed IS NULL) AS vms",
        "affinity_group g JOIN account a ON a.id = g.account JOIN domain d ON d.id = a.domain",
        "g.name, g.id",
    )
    .scope(scope)
    .is("g.id", filter.id)
    .is("g.name", filter.name.as_deref())
    .is("g.kind", filter.kind)
    .filter(
        "g.id IN (SELECT affinity_group FROM vm_affinity_group WHERE vm = ?)",
        filter.vm.map(|id| id.to_string()),
    )
    .keyword(&["g.name"], filter.keyword.as_deref())
    .list(tx, "list affinity groups", page, read)
}

/// One group.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn affinity_group_view(
    tx: &Tx<'_>,
    id: AffinityGroupId,
) -> Result<AffinityGroupView, StoreError> {
    let filter = AffinityGroupFilter { id: Some(id), ..AffinityGroupFilter::default() };
    affinity_group_list(tx, &filter, &Scope::All, Page::default())?
        .rows
        .pop()
        .ok_or_else(|| StoreError::NotFound { what: "affinity group", id: id.to_string() })
}

fn read(row: &Row<'_>) -> rusqlite::Result<AffinityGroupView> {
    Ok(AffinityGroupView {
        row: AffinityGroupRow {
            id: parsed(row, "id")?,
            account: parsed(row, "account")?,
            name: row.get("name")?,
            kind: parsed(row, "kind")?,
            description: row.get("description")?,
            created: time(row, "created")?,
        },
        account_name: row.get("account_name")?,
        domain: parsed(row, "domain")?,
        domain_name: row.get("domain_name")?,
        domain_path: row.get("domain_path")?,
        vms: json(row, "vms")?,
    })
}
