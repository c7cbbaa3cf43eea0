//! Table `user`: who can call the API, and with which keys.

use std::fmt;

use hostler_model::{
    AccountId, AccountType, DomainId, LdapLinkId, RoleId, Timestamp, UserId, UserSource,
};
use rusqlite::{Row, params};

use crate::columns::{json, parsed, parsed_or_null, time};
use crate::listing::{Listed, Page, Query};
use crate::role::Rule;
use crate::scope::Scope;
use crate::{StoreError, Tx};

/// Someone who can call the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// Their id.
    pub id: UserId,
    /// The account that they act for.
    pub account: AccountId,
    /// That account's name.
    pub account_name: String,
    /// What that account may do.
    pub account_kind: AccountType,
    /// A role of the account's own: its id and name; nothing: the default one of its type.
    pub role: Option<(RoleId, String)>,
    /// The account's domain.
    pub domain: DomainId,
    /// That domain's name.
    pub domain_name: String,
    /// That domain's path.
    pub domain_path: String,
    /// The name for logging in.
    pub name: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Mail address.
    pub email: String,
    /// The public half of the key pair for signing.
    pub api_key: Option<String>,
    /// By whose clock they live; nothing: nobody said.
    pub timezone: Option<String>,
    /// `enabled`, or why they are not.
    pub state: String,
    /// Where their password is checked.
    pub source: UserSource,
    /// Since when there has been one.
    pub created: Timestamp,
}

/// Whom a request can come from, and how they prove it.
#[derive(Clone)]
pub struct Credentials {
    /// Who it is.
    pub user: UserRow,
    /// The secret half of the key pair for signing.
    pub secret_key: Option<String>,
    /// argon2id, as a PHC string.
    pub password_hash: Option<String>,
    /// The LDAP link by which they came in, if they came so.
    pub ldap_link: Option<LdapLinkId>,
    /// Whether the user, the account and its role are all enabled.
    pub enabled: bool,
    /// The rules of the account's own role, in their order; nothing: all that its type may do.
    pub rules: Option<Vec<Rule>>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user.id).finish_non_exhaustive()
    }
}

/// A user to be added.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Their id.
    pub id: UserId,
    /// The account that they act for.
    pub account: AccountId,
    /// The name for logging in.
    pub name: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Mail address.
    pub email: String,
    /// By whose clock they live.
    pub timezone: Option<String>,
}

/// Which users to list.
#[derive(Debug, Clone, Default)]
pub struct UserFilter {
    /// This one.
    pub id: Option<UserId>,
    /// Those of this name.
    pub name: Option<String>,
    /// Those of one of these accounts, if any are given.
    pub accounts: Vec<AccountId>,
    /// Those of accounts in this domain.
    pub domain: Option<DomainId>,
    /// Those of accounts of this type.
    pub kind: Option<AccountType>,
    /// Those in this state.
    pub state: Option<String>,
    /// Those whose password is checked there.
    pub source: Option<UserSource>,
    /// Those whose name contains this.
    pub keyword: Option<String>,
}

/// What [`read_credentials`] reads, of [`FROM`].
pub(crate) const COLUMNS: &str =
    "u.*, a.name AS account_name, a.kind AS account_kind, a.state AS account_state,
    a.domain AS domain, d.name AS domain_name, d.path AS domain_path,
    r.id AS role, r.name AS role_name, r.state AS role_state,
    (SELECT json_group_array(json_object('pattern', pattern, 'permission', permission))
     FROM (SELECT pattern, permission FROM role_rule WHERE role = r.id ORDER BY position)) AS rules";
/// A user, its account, its domain and, if the account has one of its own, its role.
pub(crate) const FROM: &str =
    "user u JOIN account a ON a.id = u.account JOIN domain d ON d.id = a.domain
    LEFT JOIN role r ON r.id = a.role";
const LIVING: &str = "u.removed IS NULL AND a.removed IS NULL AND d.removed IS NULL";

/// Adds a user without password and keys.
///
/// # Errors
/// [`StoreError::Sqlite`], a unique violation if the account has one of that name.
pub fn user_add(tx: &Tx<'_>, user: &NewUser, now: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "record a user",
        "INSERT INTO user (id, account, name, first_name, last_name, email, timezone, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            user.id.to_string(),
            user.account.to_string(),
            user.name,
            user.first_name,
            user.last_name,
            user.email,
            user.timezone,
            now.0
        ],
    )?;
    Ok(())
}

/// Has a directory check a user's password from now on; `link` is that by which they came in.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn user_from_ldap(tx: &Tx<'_>, id: UserId, link: Option<LdapLinkId>) -> Result<(), StoreError> {
    let changed = tx.execute(
        "record where a user comes from",
        "UPDATE user SET source = ?2, ldap_link = ?3, password_hash = NULL WHERE id = ?1 AND removed IS NULL",
        params![id.to_string(), UserSource::Ldap.as_str(), link.map(|id| id.to_string())],
    )?;
    found(changed, id)
}

/// Gives a user new keys for signing; the old ones are worthless at once.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn user_set_keys(
    tx: &Tx<'_>,
    id: UserId,
    api_key: &str,
    secret_key: &str,
) -> Result<(), StoreError> {
    let changed = tx.execute(
        "record a user's keys",
        "UPDATE user SET api_key = ?2, secret_key = ?3 WHERE id = ?1 AND removed IS NULL",
        params![id.to_string(), api_key, secret_key],
    )?;
    found(changed, id)
}

/// Gives a user another password, as an argon2id PHC string.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn user_set_password(tx: &Tx<'_>, id: UserId, hash: &str) -> Result<(), StoreError> {
    let changed = tx.execute(
        "record a user's password",
        "UPDATE user SET password_hash = ?2 WHERE id = ?1 AND removed IS NULL",
        params![id.to_string(), hash],
    )?;
    found(changed, id)
}

/// What is to change of a user; nothing: it stays.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    /// The name for logging in.
    pub name: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Mail address.
    pub email: Option<String>,
    /// By whose clock they live.
    pub timezone: Option<String>,
    /// The password's hash, as an argon2id PHC string.
    pub password_hash: Option<String>,
}

/// Changes a user.
///
/// # Errors
/// [`StoreError::NotFound`]; a unique violation if the account has one of that name.
pub fn user_change(tx: &Tx<'_>, id: UserId, change: &UserChange) -> Result<(), StoreError> {
    let changed = tx.execute(
        "change a user",
        "UPDATE user SET name = coalesce(?2, name), first_name = coalesce(?3, first_name),
             last_name = coalesce(?4, last_name), email = coalesce(?5, email),
             password_hash = coalesce(?6, password_hash), timezone = coalesce(?7, timezone)
         WHERE id = ?1 AND removed IS NULL",
        params![
            id.to_string(),
            change.name,
            change.first_name,
            change.last_name,
            change.email,
            change.password_hash,
            change.timezone
        ],
    )?;
    found(changed, id)
}

/// Enables, disables or locks a user. An enabled one begins with no wrong passwords.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn user_set_state(tx: &Tx<'_>, id: UserId, state: &str) -> Result<(), StoreError> {
    let changed = tx.execute(
        "record a user's state",
        "UPDATE user SET state = ?2, failed_logins = 0 WHERE id = ?1 AND removed IS NULL",
        params![id.to_string(), state],
    )?;
    found(changed, id)
}

/// Puts a user into another account.
///
/// # Errors
/// [`StoreError::NotFound`]; a unique violation if that account has one of that name.
pub fn user_move(tx: &Tx<'_>, id: UserId, account: AccountId) -> Result<(), StoreError> {
    let changed = tx.execute(
        "move a user",
        "UPDATE user SET account = ?2 WHERE id = ?1 AND removed IS NULL",
        params![id.to_string(), account.to_string()],
    )?;
    found(changed, id)
}

/// Removes a user; their keys are forgotten.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn user_remove(tx: &Tx<'_>, id: UserId, now: Timestamp) -> Result<(), StoreError> {
    let changed = tx.execute(
        "remove a user",
        "UPDATE user SET removed = ?2, api_key = NULL, secret_key = NULL, password_hash = NULL
         WHERE id = ?1 AND removed IS NULL",
        params![id.to_string(), now.0],
    )?;
    found(changed, id)
}

/// Removes every user of an account, and says how many there were.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn users_remove(tx: &Tx<'_>, account: AccountId, now: Timestamp) -> Result<usize, StoreError> {
    tx.execute(
        "remove the users of an account",
        "UPDATE user SET removed = ?2, api_key = NULL, secret_key = NULL, password_hash = NULL
         WHERE account = ?1 AND removed IS NULL",
        params![account.to_string(), now.0],
    )
}

/// Counts a wrong password; at the `most`th an enabled user is disabled, and true is answered.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn user_login_failed(tx: &Tx<'_>, id: UserId, most: u64) -> Result<bool, StoreError> {
    let state = tx.row(
        "count a wrong password",
        "UPDATE user SET failed_logins = failed_logins + 1,
             state = CASE WHEN state = 'enabled' AND failed_logins + 1 >= ?2 THEN 'disabled' ELSE state END
         WHERE id = ?1 AND removed IS NULL AND state = 'enabled' RETURNING state",
        params![id.to_string(), crate::columns::stored(most)],
        |row| row.get::<_, String>("state"),
    )?;
    Ok(state.is_some_and(|state| state == "disabled"))
}

/// Forgets wrong passwords: the right one was given.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn user_logged_in(tx: &Tx<'_>, id: UserId) -> Result<(), StoreError> {
    tx.execute(
        "forget wrong passwords",
        "UPDATE user SET failed_logins = 0 WHERE id = ?1 AND failed_logins > 0",
        params![id.to_string()],
    )?;
    Ok(())
}

fn found(changed: usize, id: UserId) -> Result<(), StoreError> {
    if changed == 0 {
        return Err(StoreError::NotFound { what: "user", id: id.to_string() });
    }
    Ok(())
}

/// Whose API key it is.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn user_by_api_key(tx: &Tx<'_>, api_key: &str) -> Result<Option<Credentials>, StoreError> {
    one(tx, Query::new(COLUMNS, FROM, "u.id").is("u.api_key", Some(api_key)))
}

/// The user of a name in a domain.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn user_by_name(
    tx: &Tx<'_>,
    domain: DomainId,
    name: &str,
) -> Result<Option<Credentials>, StoreError> {
    let query = Query::new(COLUMNS, FROM, "u.created, u.id");
    one(tx, query.is("a.domain", Some(domain)).is("u.name", Some(name)))
}

/// The user of a domain who comes from a directory and has this name in any case of its letters, as directories take it.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn ldap_user_by_name(
    tx: &Tx<'_>,
    domain: DomainId,
    name: &str,
) -> Result<Option<Credentials>, StoreError> {
    let query = Query::new(COLUMNS, FROM, "u.created, u.id")
        .is("a.domain", Some(domain))
        .is("u.source", Some(UserSource::Ldap))
        .filter("lower(u.name) = lower(?)", Some(name.to_owned()));
    one(tx, query)
}

/// A user with everything they prove themselves by.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn user_credentials(tx: &Tx<'_>, id: UserId) -> Result<Credentials, StoreError> {
    one(tx, Query::new(COLUMNS, FROM, "u.id").is("u.id", Some(id)))?
        .ok_or_else(|| StoreError::NotFound { what: "user", id: id.to_string() })
}

fn one(tx: &Tx<'_>, query: Query) -> Result<Option<Credentials>, StoreError> {
    let all = Page::default();
    let found = query.only(LIVING).list(tx, "look a user up", all, read_credentials)?;
    Ok(found.rows.into_iter().next())
}

/// Users in the order of their names.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn user_list(
    tx: &Tx<'_>,
    filter: &UserFilter,
    scope: &Scope,
    page: Page,
) -> Result<Listed<UserRow>, StoreError> {
    Query::new(COLUMNS, FROM, "u.name, u.id")
        .only(LIVING)
        .scope(scope)
        .is("u.id", filter.id)
        .is("u.name", filter.name.as_deref())
        .any("a.id", &filter.accounts)
        .is("a.domain", filter.domain)
        .is("a.kind", filter.kind)
        .is("u.state", filter.state.as_deref())
        .is("u.source", filter.source)
        .keyword(&["u.name", "u.first_name", "u.last_name"], filter.keyword.as_deref())
        .list(tx, "list users", page, read)
}

pub(crate) fn read_credentials(row: &Row<'_>) -> rusqlite::Result<Credentials> {
    let (state, account_state): (String, String) = (row.get("state")?, row.get("account_state")?);
    let role_state: Option<String> = row.get("role_state")?;
    let role_enabled = role_state.as_deref().is_none_or(|state| state == "enabled");
    Ok(Credentials {
        user: read(row)?,
        secret_key: row.get("secret_key")?,
        password_hash: row.get("password_hash")?,
        ldap_link: parsed_or_null(row, "ldap_link")?,
        enabled: state == "enabled" && account_state == "enabled" && role_enabled,
        rules: role_state.map(|_| json(row, "rules")).transpose()?,
    })
}

fn read(row: &Row<'_>) -> rusqlite::Result<UserRow> {
    Ok(UserRow {
        id: parsed(row, "id")?,
        account: parsed(row, "account")?,
        account_name: row.get("account_name")?,
        account_kind: parsed(row, "account_kind")?,
        role: parsed_or_null(row, "role")?.zip(row.get("role_name")?),
        domain: parsed(row, "domain")?,
        domain_name: row.get("domain_name")?,
        domain_path: row.get("domain_path")?,
        name: row.get("name")?,
        first_name: row.get("first_name")?,
        last_name: row.get("last_name")?,
        timezone: row.get("timezone")?,
        email: row.get("email")?,
        api_key: row.get("api_key")?,
        state: row.get("state")?,
        source: parsed(row, "source")?,
        created: time(row, "created")?,
    })
}
