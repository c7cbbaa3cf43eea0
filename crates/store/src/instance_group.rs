//! Table `instance_group`: names that users group their VMs under.
//!
//! A VM is in the group of its account whose name is its `vm.group_name`, so that renaming or removing a group
//! writes the VMs too, in the same transaction.

use hostler_model::{AccountId, DomainId, InstanceGroupId, Timestamp};
use rusqlite::{Row, params};

use crate::columns::{parsed, time};
use crate::listing::{Listed, Page, Query};
use crate::scope::Scope;
use crate::{StoreError, Tx};

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceGroupRow {
    /// Its id.
    pub id: InstanceGroupId,
    /// Whose it is.
    pub account: AccountId,
    /// Its name, unique in its account.
    pub name: String,
    /// Since when there has been one.
    pub created: Timestamp,
}

/// A group with its owner's names.
#[derive(Debug, Clone)]
pub struct InstanceGroupView {
    /// The group.
    pub row: InstanceGroupRow,
    /// The owner's name.
    pub account_name: String,
    /// The owner's domain.
    pub domain: DomainId,
    /// That domain's name.
    pub domain_name: String,
    /// That domain's path.
    pub domain_path: String,
}

/// Which groups to list.
#[derive(Debug, Clone, Default)]
pub struct InstanceGroupFilter {
    /// This one.
    pub id: Option<InstanceGroupId>,
    /// Those of this name.
    pub name: Option<String>,
    /// Those whose name contains this.
    pub keyword: Option<String>,
}

/// Adds a group.
///
/// # Errors
/// [`StoreError::Taken`] if the account has one of that name.
pub fn instance_group_add(tx: &Tx<'_>, row: &InstanceGroupRow) -> Result<(), StoreError> {
    if instance_group_ensure(tx, row)? { Ok(()) } else { Err(taken(&row.name)) }
}

/// Makes sure that the account has a group of that name, and says whether it was made just now.
///
/// Whoever writes `vm.group_name` calls this in the same transaction.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn instance_group_ensure(tx: &Tx<'_>, row: &InstanceGroupRow) -> Result<bool, StoreError> {
    let added = tx.execute(
        "make sure that there is an instance group",
        "INSERT INTO instance_group (id, account, name, created) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (account, name) DO NOTHING",
        params![row.id.to_string(), row.account.to_string(), row.name, row.created.0],
    )?;
    Ok(added > 0)
}

fn taken(name: &str) -> StoreError {
    let text = format!("there is an instance group named {name} already; choose another name");
    StoreError::Taken(text)
}

/// Gives a group, and with it its VMs, another name.
///
/// # Errors
/// [`StoreError::Taken`] if the account has one of that name.
pub fn instance_group_rename(
    tx: &Tx<'_>,
    row: &InstanceGroupRow,
    name: &str,
) -> Result<(), StoreError> {
    let renamed = tx.execute(
        "rename an instance group",
        "UPDATE instance_group SET name = ?2 WHERE id = ?1",
        params![row.id.to_string(), name],
    );
    match renamed {
        Err(e) if e.is_unique_violation() => return Err(taken(name)),
        other => other?,
    };
    regroup(tx, row, Some(name))
}

/// Removes a group. Its VMs are in none then.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn instance_group_remove(tx: &Tx<'_>, row: &InstanceGroupRow) -> Result<(), StoreError> {
    tx.execute(
        "remove an instance group",
        "DELETE FROM instance_group WHERE id = ?1",
        params![row.id.to_string()],
    )?;
    regroup(tx, row, None)
}

fn regroup(tx: &Tx<'_>, row: &InstanceGroupRow, name: Option<&str>) -> Result<(), StoreError> {
    tx.execute(
        "put the VMs of a group into another",
        "UPDATE vm SET group_name = ?3 WHERE account = ?1 AND group_name = ?2",
        params![row.account.to_string(), row.name, name],
    )?;
    Ok(())
}

/// Groups by their names.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn instance_group_list(
    tx: &Tx<'_>,
    filter: &InstanceGroupFilter,
    scope: &Scope,
    page: Page,
) -> Result<Listed<InstanceGroupView>, StoreError> {
    Query::new(
        "g.*, a.name AS account_name, d.id AS domain, d.name AS domain_name, d.path AS domain_path",
        "instance_group g JOIN account a ON a.id = g.account JOIN domain d ON d.id = a.domain",
        "g.name, g.id",
    )
    .scope(scope)
    .is("g.id", filter.id)
    .is("g.name", filter.name.as_deref())
    .keyword(&["g.name"], filter.keyword.as_deref())
    .list(tx, "list instance groups", page, read)
}

/// One group.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn instance_group_view(
    tx: &Tx<'_>,
    id: InstanceGroupId,
) -> Result<InstanceGroupView, StoreError> {
    let filter = InstanceGroupFilter { id: Some(id), ..InstanceGroupFilter::default() };
    instance_group_list(tx, &filter, &Scope::All, Page::default())?
        .rows
        .pop()
        .ok_or_else(|| StoreError::NotFound { what: "instance group", id: id.to_string() })
}

fn read(row: &Row<'_>) -> rusqlite::Result<InstanceGroupView> {
    Ok(InstanceGroupView {
        row: InstanceGroupRow {
            id: parsed(row, "id")?,
            account: parsed(row, "account")?,
            name: row.get("name")?,
            created: time(row, "created")?,
        },
        account_name: row.get("account_name")?,
        domain: parsed(row, "domain")?,
        domain_name: row.get("domain_name")?,
        domain_path: row.get("domain_path")?,
    })
}
