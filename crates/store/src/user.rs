//! Table `user`: who can call the API, and with which keys.

use std::fmt;

use hostler_model::{AccountId, AccountType, DomainId, Timestamp, UserId};
use rusqlite::{Row, params};

use crate::columns::{parsed, time};
use crate::listing::{Listed, Page, Query, Scope};
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
    /// `enabled`, or why they are not.
    pub state: String,
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
    /// Whether both the user and the account are enabled.
    pub enabled: bool,
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
}

/// Which users to list.
#[derive(Debug, Clone, Default)]
pub struct UserFilter {
    /// This one.
    pub id: Option<UserId>,
    /// Those of this name.
    pub name: Option<String>,
    /// Those of accounts of this name.
    pub account: Option<String>,
    /// Those of accounts in this domain.
    pub domain: Option<DomainId>,
    /// Those of accounts of this type.
    pub kind: Option<AccountType>,
    /// Those in this state.
    pub state: Option<String>,
    /// Those whose name contains this.
    pub keyword: Option<String>,
}

const COLUMNS: &str =
    "u.*, a.name AS account_name, a.kind AS account_kind, a.state AS account_state,
    a.domain AS domain, d.name AS domain_name, d.path AS domain_path";
const FROM: &str = "user u JOIN account a ON a.id = u.account JOIN domain d ON d.id = a.domain";
const LIVING: &str = "u.removed IS NULL AND a.removed IS NULL AND d.removed IS NULL";

/// Adds a user without password and keys.
///
/// # Errors
/// [`StoreError::Sqlite`], a unique violation if the account has one of that name.
pub fn user_add(tx: &Tx<'_>, user: &NewUser, now: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "record a user",
        "INSERT INTO user (id, account, name, first_name, last_name, email, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            user.id.to_string(),
            user.account.to_string(),
            user.name,
            user.first_name,
            user.last_name,
            user.email,
            now.0
        ],
    )?;
    Ok(())
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
        .is("a.name", filter.account.as_deref())
        .is("a.domain", filter.domain)
        .is("a.kind", filter.kind)
        .is("u.state", filter.state.as_deref())
        .keyword(&["u.name", "u.first_name", "u.last_name"], filter.keyword.as_deref())
        .list(tx, "list users", page, read)
}

pub(crate) fn read_credentials(row: &Row<'_>) -> rusqlite::Result<Credentials> {
    let (state, account_state): (String, String) = (row.get("state")?, row.get("account_state")?);
    Ok(Credentials {
        user: read(row)?,
        secret_key: row.get("secret_key")?,
        password_hash: row.get("password_hash")?,
        enabled: state == "enabled" && account_state == "enabled",
    })
}

fn read(row: &Row<'_>) -> rusqlite::Result<UserRow> {
    Ok(UserRow {
        id: parsed(row, "id")?,
        account: parsed(row, "account")?,
        account_name: row.get("account_name")?,
        account_kind: parsed(row, "account_kind")?,
        domain: parsed(row, "domain")?,
        domain_name: row.get("domain_name")?,
        domain_path: row.get("domain_path")?,
        name: row.get("name")?,
        first_name: row.get("first_name")?,
        last_name: row.get("last_name")?,
        email: row.get("email")?,
        api_key: row.get("api_key")?,
        state: row.get("state")?,
        created: time(row, "created")?,
    })
}
