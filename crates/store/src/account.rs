//! Table `account`: who owns things.

use std::collections::BTreeMap;

use hostler_model::{AccountId, AccountType, DomainId, RoleId, Timestamp};
use rusqlite::{Row, params};

use crate::account_groups::groups_end;
use crate::columns::{amount, json, parsed, parsed_or_null, time, to_json};
use crate::listing::{Listed, Page, Query, still_used};
use crate::project::project_of_account_remove;
use crate::scope::Scope;
use crate::{StoreError, Tx};

/// One customer, one team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// Counts accounts, and is part of the instance names of its VMs.
    pub number: u64,
    /// Its id.
    pub id: AccountId,
    /// The domain that it is in.
    pub domain: DomainId,
    /// That domain's name.
    pub domain_name: String,
    /// That domain's path.
    pub domain_path: String,
    /// Its name, unique in its domain.
    pub name: String,
    /// What it may do.
    pub kind: AccountType,
    /// A role of its own: its id and name; nothing: the default one of its type.
    pub role: Option<(RoleId, String)>,
    /// `enabled`, `disabled` or `locked`.
    pub state: String,
    /// DNS domain of the guests on networks that are made for it.
    pub network_domain: Option<String>,
    /// What other systems keep of it, by name.
    pub details: BTreeMap<String, String>,
    /// Whether a job that deletes it was begun and has not come to its end.
    pub deleting: bool,
    /// How many VMs it has that are not expunged.
    pub vms: u64,
    /// How many of these run.
    pub vms_running: u64,
    /// Since when there has been one.
    pub created: Timestamp,
}

/// Which accounts to list.
#[derive(Debug, Clone, Default)]
pub struct AccountFilter {
    /// This one.
    pub id: Option<AccountId>,
    /// Those of this name.
    pub name: Option<String>,
    /// Those in this domain.
    pub domain: Option<DomainId>,
    /// Those of this type.
    pub kind: Option<AccountType>,
    /// Those in this state.
    pub state: Option<String>,
    /// Those of which a deletion has, or has not, been left unfinished.
    pub deleting: Option<bool>,
    /// Those whose name contains this.
    pub keyword: Option<String>,
}

const COLUMNS: &str = "a.*, d.name AS domain_name, d.path AS domain_path, r.name AS role_name,
    (SELECT count(*) FROM vm WHERE vm.account = a.id AND vm.removed IS NULL) AS vms,
    (SELECT count(*) FROM vm WHERE vm.account = a.id AND vm.removed IS NULL AND vm.state = 'Running')
        AS vms_running";
const FROM: &str = "account a JOIN domain d ON d.id = a.domain LEFT JOIN role r ON r.id = a.role";

/// Adds an account and says its number.
///
/// # Errors
/// [`StoreError::Sqlite`], a unique violation if the domain has one of that name.
pub fn account_add(
    tx: &Tx<'_>,
    id: AccountId,
    domain: DomainId,
    name: &str,
    kind: AccountType,
    now: Timestamp,
) -> Result<u64, StoreError> {
    tx.execute(
        "record an account",
        "INSERT INTO account (id, domain, name, kind, created) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![id.to_string(), domain.to_string(), name, kind.as_str(), now.0],
    )?;
    Ok(u64::try_from(tx.last_number()).unwrap_or(0))
}

/// An account.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn account_get(tx: &Tx<'_>, id: AccountId) -> Result<AccountRow, StoreError> {
    Query::new(COLUMNS, FROM, "a.number")
        .only("a.removed IS NULL")
        .is("a.id", Some(id))
        .list(tx, "read an account", Page::default(), read)?
        .rows
        .pop()
        .ok_or_else(|| StoreError::NotFound { what: "account", id: id.to_string() })
}

/// The account of a name in a domain.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn account_by_name(
    tx: &Tx<'_>,
    domain: DomainId,
    name: &str,
) -> Result<Option<AccountId>, StoreError> {
    tx.row(
        "look an account up",
        "SELECT id FROM account WHERE domain = ?1 AND name = ?2 AND removed IS NULL",
        params![domain.to_string(), name],
        |row| parsed(row, "id"),
    )
}

/// Accounts in the order in which they were made.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn account_list(
    tx: &Tx<'_>,
    filter: &AccountFilter,
    scope: &Scope,
    page: Page,
) -> Result<Listed<AccountRow>, StoreError> {
    // a project's account is shown as the project
    Query::new(COLUMNS, FROM, "a.number")
        .only("a.removed IS NULL AND a.kind <> 'Project'")
        .scope(scope)
        .is("a.id", filter.id)
        .is("a.name", filter.name.as_deref())
        .is("a.domain", filter.domain)
        .is("a.kind", filter.kind)
        .is("a.state", filter.state.as_deref())
        .filter("a.deleting = ?", filter.deleting)
        .keyword(&["a.name"], filter.keyword.as_deref())
        .list(tx, "list accounts", page, read)
}

/// Gives an account another name.
///
/// # Errors
/// [`StoreError::NotFound`]; a unique violation if its domain has one of that name.
pub fn account_rename(tx: &Tx<'_>, id: AccountId, name: &str) -> Result<(), StoreError> {
    let changed = tx.execute(
        "rename an account",
        "UPDATE account SET name = ?2 WHERE id = ?1 AND removed IS NULL",
        params![id.to_string(), name],
    )?;
    found(changed, id)
}

/// Gives an account a role of its own, or with nothing the default one of `kind`.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn account_set_role(
    tx: &Tx<'_>,
    id: AccountId,
    kind: AccountType,
    role: Option<RoleId>,
) -> Result<(), StoreError> {
    let changed = tx.execute(
        "record an account's role",
        "UPDATE account SET kind = ?2, role = ?3 WHERE id = ?1 AND removed IS NULL",
        params![id.to_string(), kind.as_str(), role.map(|id| id.to_string())],
    )?;
    found(changed, id)
}

/// Gives an account a DNS domain for the guests on networks that are made for it, or with nothing takes it away.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn account_set_network_domain(
    tx: &Tx<'_>,
    id: AccountId,
    network_domain: Option<&str>,
) -> Result<(), StoreError> {
    let changed = tx.execute(
        "record an account's DNS domain",
        "UPDATE account SET network_domain = ?2 WHERE id = ?1 AND removed IS NULL",
        params![id.to_string(), network_domain],
    )?;
    found(changed, id)
}

/// Adds to what is kept of an account by name; what was there under a name gives way.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn account_add_details(
    tx: &Tx<'_>,
    id: AccountId,
    details: &BTreeMap<String, String>,
) -> Result<(), StoreError> {
    let changed = tx.execute(
        "record details of an account",
        "UPDATE account SET details = json_patch(details, ?2) WHERE id = ?1 AND removed IS NULL",
        params![id.to_string(), to_json(details)],
    )?;
    found(changed, id)
}

/// Enables, disables or locks an account; `deleting` says that a job begins to delete it.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn account_set_state(
    tx: &Tx<'_>,
    id: AccountId,
    state: &str,
    deleting: bool,
) -> Result<(), StoreError> {
    let changed = tx.execute(
        "record an account's state",
        "UPDATE account SET state = ?2, deleting = ?3 WHERE id = ?1 AND removed IS NULL",
        params![id.to_string(), state, deleting],
    )?;
    found(changed, id)
}

/// Removes an account that has nothing any more. Its name can be given again.
///
/// # Errors
/// [`StoreError::Taken`] says what it still has, [`StoreError::NotFound`].
pub fn account_remove(tx: &Tx<'_>, id: AccountId, now: Timestamp) -> Result<(), StoreError> {
    still_used(
        tx,
        &format!("account {id}"),
        "SELECT 'VMs' AS kind, count(*) AS number FROM vm WHERE account = ?1 AND removed IS NULL
         UNION ALL SELECT 'volumes', count(*) FROM volume WHERE account = ?1 AND removed IS NULL
         UNION ALL SELECT 'templates', count(*) FROM template WHERE account = ?1 AND removed IS NULL
         UNION ALL SELECT 'networks', count(*) FROM network WHERE account = ?1 AND removed IS NULL
         UNION ALL SELECT 'projects', count(*) FROM project WHERE owner = ?1 AND removed IS NULL",
        &id.to_string(),
    )?;
    groups_end(tx, id)?;
    let changed = tx.execute(
        "remove an account",
        "UPDATE account SET removed = ?2, deleting = 0, name = name || '~' || id
         WHERE id = ?1 AND removed IS NULL",
        params![id.to_string(), now.0],
    )?;
    found(changed, id)?;
    project_of_account_remove(tx, id, now)
}

fn found(changed: usize, id: AccountId) -> Result<(), StoreError> {
    if changed == 0 {
        return Err(StoreError::NotFound { what: "account", id: id.to_string() });
    }
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<AccountRow> {
    Ok(AccountRow {
        number: amount(row, "number")?,
        id: parsed(row, "id")?,
        domain: parsed(row, "domain")?,
        domain_name: row.get("domain_name")?,
        domain_path: row.get("domain_path")?,
        name: row.get("name")?,
        kind: parsed(row, "kind")?,
        role: parsed_or_null(row, "role")?.zip(row.get("role_name")?),
        state: row.get("state")?,
        network_domain: row.get("network_domain")?,
        details: json(row, "details")?,
        deleting: row.get("deleting")?,
        vms: amount(row, "vms")?,
        vms_running: amount(row, "vms_running")?,
        created: time(row, "created")?,
    })
}
