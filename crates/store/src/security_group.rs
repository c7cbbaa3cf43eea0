//! Tables `security_group` and `vm_security_group`: groups of VMs with rules, and who is in them.
//!
//! Not here: the rules (`security_rule`), groups as they are listed (`security_group_view`).

use hostler_model::{AccountId, SecurityGroupId, Timestamp, VmId};
use rusqlite::{Row, params};

use crate::columns::{parsed, time, to_json};
use crate::deploy_groups::NamedGroups;
use crate::{StoreError, Tx, still_used};

/// The name of the group that an account's VMs get when nobody says otherwise.
pub const DEFAULT: &str = "default";

/// A security group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityGroupRow {
    /// Its id.
    pub id: SecurityGroupId,
    /// Whose it is.
    pub account: AccountId,
    /// Its name, unique in its account.
    pub name: String,
    /// What it is for, for people.
    pub description: String,
    /// Since when there has been one.
    pub created: Timestamp,
}

impl SecurityGroupRow {
    /// An account's default group, not recorded yet.
    pub fn default_of(account: AccountId, id: SecurityGroupId, now: Timestamp) -> Self {
        let description = "VMs that were given no group of their own".to_owned();
        Self { id, account, name: DEFAULT.to_owned(), description, created: now }
    }
}

/// Adds a group.
///
/// # Errors
/// [`StoreError::Taken`] if the account has one of that name.
pub fn security_group_add(tx: &Tx<'_>, row: &SecurityGroupRow) -> Result<(), StoreError> {
    let added = tx.execute(
        "record a security group",
        "INSERT INTO security_group (id, account, name, description, created) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            row.id.to_string(),
            row.account.to_string(),
            row.name,
            row.description,
            row.created.0
        ],
    );
    match added {
        Err(e) if e.is_unique_violation() => Err(taken(&row.name)),
        other => other.map(|_| ()),
    }
}

fn taken(name: &str) -> StoreError {
    let text = format!("there is a security group named {name} already; choose another name");
    StoreError::Taken(text)
}

/// A group.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn security_group_get(
    tx: &Tx<'_>,
    id: SecurityGroupId,
) -> Result<SecurityGroupRow, StoreError> {
    let sql = "SELECT * FROM security_group WHERE id = ?1";
    tx.row("read a security group", sql, params![id.to_string()], read)?
        .ok_or_else(|| StoreError::NotFound { what: "security group", id: id.to_string() })
}

/// The group of a name in an account.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn security_group_named(
    tx: &Tx<'_>,
    account: AccountId,
    name: &str,
) -> Result<Option<SecurityGroupRow>, StoreError> {
    tx.row(
        "look a security group up",
        "SELECT * FROM security_group WHERE account = ?1 AND name = ?2",
        params![account.to_string(), name],
        read,
    )
}

/// Those of an account's groups that are named, by id or by name.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn security_groups_found(
    tx: &Tx<'_>,
    account: AccountId,
    wanted: &NamedGroups,
) -> Result<Vec<(SecurityGroupId, String)>, StoreError> {
    tx.rows(
        "look security groups up",
        "SELECT id, name FROM security_group WHERE account = ?1
             AND (id IN (SELECT value FROM json_each(?2)) OR name IN (SELECT value FROM json_each(?3)))",
        params![
            account.to_string(),
            to_json(&wanted.security_ids),
            to_json(&wanted.security_names)
        ],
        |row| Ok((parsed(row, "id")?, row.get("name")?)),
    )
}

/// Gives a group another name.
///
/// # Errors
/// [`StoreError::Taken`] if the account has one of that name.
pub fn security_group_rename(
    tx: &Tx<'_>,
    id: SecurityGroupId,
    name: &str,
) -> Result<(), StoreError> {
    let renamed = tx.execute(
        "rename a security group",
        "UPDATE security_group SET name = ?2 WHERE id = ?1",
        params![id.to_string(), name],
    );
    match renamed {
        Err(e) if e.is_unique_violation() => Err(taken(name)),
        other => other.map(|_| ()),
    }
}

/// Removes a group with its rules.
///
/// # Errors
/// [`StoreError::Taken`] while VMs are in it, or rules of other groups name it.
pub fn security_group_remove(tx: &Tx<'_>, row: &SecurityGroupRow) -> Result<(), StoreError> {
    let id = row.id.to_string();
    still_used(
        tx,
        &format!("security group {}", row.name),
        "SELECT 'VMs' AS kind, count(*) AS number FROM vm_security_group m JOIN vm ON vm.id = m.vm
             WHERE m.security_group = ?1 AND vm.removed IS NULL
         UNION ALL SELECT 'rules of other groups that name it', count(*) FROM security_rule
             WHERE peer = ?1 AND security_group <> ?1",
        &id,
    )?;
    for (what, sql) in [
        ("remove the rules of a group", "DELETE FROM security_rule WHERE security_group = ?1"),
        ("forget who was in a group", "DELETE FROM vm_security_group WHERE security_group = ?1"),
        ("remove a security group", "DELETE FROM security_group WHERE id = ?1"),
    ] {
        tx.execute(what, sql, params![id])?;
    }
    Ok(())
}

/// Puts a VM into groups; those that it is in already are fine.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn security_groups_join(
    tx: &Tx<'_>,
    vm: VmId,
    groups: &[SecurityGroupId],
) -> Result<(), StoreError> {
    if groups.is_empty() {
        return Ok(());
    }
    tx.execute(
        "put a VM into security groups",
        "INSERT OR IGNORE INTO vm_security_group (vm, security_group) SELECT ?1, value FROM json_each(?2)",
        params![vm.to_string(), to_json(&groups)],
    )?;
    Ok(())
}

/// Puts a VM into exactly these groups, whichever it was in before.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn security_groups_set(
    tx: &Tx<'_>,
    vm: VmId,
    groups: &[SecurityGroupId],
) -> Result<(), StoreError> {
    tx.execute(
        "take a VM out of its security groups",
        "DELETE FROM vm_security_group WHERE vm = ?1",
        params![vm.to_string()],
    )?;
    security_groups_join(tx, vm, groups)
}

pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<SecurityGroupRow> {
    Ok(SecurityGroupRow {
        id: parsed(row, "id")?,
        account: parsed(row, "account")?,
        name: row.get("name")?,
        description: row.get("description")?,
        created: time(row, "created")?,
    })
}
