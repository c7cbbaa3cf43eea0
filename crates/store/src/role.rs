//! Tables `role` and `role_rule`: what the accounts that have a role may call.
//!
//! Not here: what a rule allows (the API decides that, and never more than the role's kind may).

use hostler_model::{AccountType, RoleId, RoleRuleId, Timestamp};
use rusqlite::{Row, params};
use serde::Deserialize;

use crate::columns::parsed;
use crate::listing::{Listed, Page, Query, still_used};
use crate::{StoreError, Tx};

/// A role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleRow {
    /// Its id.
    pub id: RoleId,
    /// Its name.
    pub name: String,
    /// The most that it can allow.
    pub kind: AccountType,
    /// What it is for.
    pub description: String,
    /// `enabled` or `disabled`.
    pub state: String,
    /// Whether domain administrators see it.
    pub is_public: bool,
    /// Whether it came with the product; it allows all that its kind can, and never changes.
    pub is_default: bool,
}

/// A rule, as far as it decides.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Rule {
    /// A command's name; `*` stands for any characters.
    pub pattern: String,
    /// `allow` or `deny`.
    pub permission: String,
}

/// A rule of a role.
#[derive(Debug, Clone)]
pub struct RuleRow {
    /// Its id.
    pub id: RoleRuleId,
    /// The role.
    pub role: RoleId,
    /// The role's name.
    pub role_name: String,
    /// What it says.
    pub rule: Rule,
    /// What it is for.
    pub description: String,
}

/// Which roles to list.
#[derive(Debug, Clone, Default)]
pub struct RoleFilter {
    /// This one.
    pub id: Option<RoleId>,
    /// Those of this name.
    pub name: Option<String>,
    /// Those of one of these kinds, if any are given.
    pub kinds: Vec<AccountType>,
    /// Those in this state.
    pub state: Option<String>,
    /// Only those that domain administrators see.
    pub only_public: bool,
    /// Those whose name contains this.
    pub keyword: Option<String>,
}

/// Adds a role without rules.
///
/// # Errors
/// [`StoreError::Sqlite`], a unique violation if there is one of that name.
pub fn role_add(tx: &Tx<'_>, row: &RoleRow, now: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "record a role",
        "INSERT INTO role (id, name, kind, description, state, is_public, is_default, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            row.id.to_string(),
            row.name,
            row.kind.as_str(),
            row.description,
            row.state,
            row.is_public,
            row.is_default,
            now.0
        ],
    )?;
    Ok(())
}

/// A role.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn role_get(tx: &Tx<'_>, id: RoleId) -> Result<RoleRow, StoreError> {
    tx.row("read a role", "SELECT * FROM role WHERE id = ?1", params![id.to_string()], read)?
        .ok_or_else(|| StoreError::NotFound { what: "role", id: id.to_string() })
}

/// The role of a name.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn role_by_name(tx: &Tx<'_>, name: &str) -> Result<Option<RoleRow>, StoreError> {
    tx.row("look a role up", "SELECT * FROM role WHERE name = ?1", params![name], read)
}

/// Roles, those that came with the product first.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn role_list(
    tx: &Tx<'_>,
    filter: &RoleFilter,
    page: Page,
) -> Result<Listed<RoleRow>, StoreError> {
    let kinds: Vec<&str> = filter.kinds.iter().map(|kind| kind.as_str()).collect();
    Query::new("*", "role", "is_default DESC, CASE is_default WHEN 1 THEN id ELSE name END")
        .is("id", filter.id)
        .is("name", filter.name.as_deref())
        .is("state", filter.state.as_deref())
        .any("kind", &kinds)
        .filter("is_public = ?", filter.only_public.then_some(true))
        .keyword(&["name"], filter.keyword.as_deref())
        .list(tx, "list roles", page, read)
}

/// Replaces a role's name, kind, description, state and visibility.
///
/// # Errors
/// [`StoreError::NotFound`]; a unique violation if there is one of that name.
pub fn role_put(tx: &Tx<'_>, row: &RoleRow) -> Result<(), StoreError> {
    let changed = tx.execute(
        "change a role",
        "UPDATE role SET name = ?2, kind = ?3, description = ?4, state = ?5, is_public = ?6
         WHERE id = ?1",
        params![
            row.id.to_string(),
            row.name,
            row.kind.as_str(),
            row.description,
            row.state,
            row.is_public
        ],
    )?;
    if changed == 0 {
        return Err(StoreError::NotFound { what: "role", id: row.id.to_string() });
    }
    Ok(())
}

/// How many accounts have a role as their own.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn role_accounts(tx: &Tx<'_>, id: RoleId) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) AS number FROM account WHERE role = ?1 AND removed IS NULL";
    Ok(tx
        .row("count a role's accounts", sql, params![id.to_string()], |row| row.get("number"))?
        .unwrap_or(0))
}

/// Removes a role that no account has, with its rules.
///
/// # Errors
/// [`StoreError::Taken`] says how many accounts have it.
pub fn role_remove(tx: &Tx<'_>, id: RoleId) -> Result<(), StoreError> {
    still_used(
        tx,
        &format!("role {id}"),
        "SELECT 'accounts' AS kind, count(*) AS number FROM account WHERE role = ?1 AND removed IS NULL",
        &id.to_string(),
    )?;
    let id = params![id.to_string()];
    tx.execute("free a role", "UPDATE account SET role = NULL WHERE role = ?1", id)?;
    tx.execute("remove a role", "DELETE FROM role WHERE id = ?1", id)?;
    Ok(())
}

/// The rules of a role, or of all, in their order.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn rules_of(tx: &Tx<'_>, role: Option<RoleId>) -> Result<Vec<RuleRow>, StoreError> {
    let query = Query::new(
        "x.*, r.name AS role_name",
        "role_rule x JOIN role r ON r.id = x.role",
        "r.name, x.position, x.id",
    );
    let listed = query.is("x.role", role).list(tx, "list rules", Page::default(), read_rule)?;
    Ok(listed.rows)
}

/// A rule.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn rule_get(tx: &Tx<'_>, id: RoleRuleId) -> Result<RuleRow, StoreError> {
    Query::new("x.*, r.name AS role_name", "role_rule x JOIN role r ON r.id = x.role", "x.id")
        .is("x.id", Some(id))
        .list(tx, "read a rule", Page::default(), read_rule)?
        .rows
        .pop()
        .ok_or_else(|| StoreError::NotFound { what: "rule", id: id.to_string() })
}

/// Adds a rule after a role's others.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn rule_add(
    tx: &Tx<'_>,
    id: RoleRuleId,
    role: RoleId,
    rule: &Rule,
    description: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "record a rule",
        "INSERT INTO role_rule (id, role, position, pattern, permission, description)
         VALUES (?1, ?2, (SELECT coalesce(max(position), 0) + 1 FROM role_rule WHERE role = ?2), ?3, ?4, ?5)",
        params![id.to_string(), role.to_string(), rule.pattern, rule.permission, description],
    )?;
    Ok(())
}

/// Has a rule allow or deny.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn rule_set_permission(
    tx: &Tx<'_>,
    id: RoleRuleId,
    permission: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "change a rule",
        "UPDATE role_rule SET permission = ?2 WHERE id = ?1",
        params![id.to_string(), permission],
    )?;
    Ok(())
}

/// Puts a role's rules into this order.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn rules_order(tx: &Tx<'_>, role: RoleId, order: &[RoleRuleId]) -> Result<(), StoreError> {
    let ids: Vec<String> = order.iter().map(ToString::to_string).collect();
    tx.execute(
        "order rules",
        "UPDATE role_rule SET position = (SELECT key FROM json_each(?2) WHERE value = role_rule.id)
         WHERE role = ?1",
        params![role.to_string(), serde_json::json!(ids).to_string()],
    )?;
    Ok(())
}

/// Removes a rule.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn rule_remove(tx: &Tx<'_>, id: RoleRuleId) -> Result<(), StoreError> {
    let sql = "DELETE FROM role_rule WHERE id = ?1";
    tx.execute("remove a rule", sql, params![id.to_string()])?;
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<RoleRow> {
    Ok(RoleRow {
        id: parsed(row, "id")?,
        name: row.get("name")?,
        kind: parsed(row, "kind")?,
        description: row.get("description")?,
        state: row.get("state")?,
        is_public: row.get("is_public")?,
        is_default: row.get("is_default")?,
    })
}

fn read_rule(row: &Row<'_>) -> rusqlite::Result<RuleRow> {
    Ok(RuleRow {
        id: parsed(row, "id")?,
        role: parsed(row, "role")?,
        role_name: row.get("role_name")?,
        rule: Rule { pattern: row.get("pattern")?, permission: row.get("permission")? },
        description: row.get("description")?,
    })
}
