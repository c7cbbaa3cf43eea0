//! Table `user_data`: user data that VMs can be given by name, and that templates can bring along.

use hostler_model::{AccountId, DomainId, TemplateId, Timestamp, UserDataId, UserDataPolicy};
use rusqlite::{Row, params};

use crate::columns::{json_or_null, parsed, time};
use crate::deploy_groups::NamedUserData;
use crate::listing::{Listed, Page, Query};
use crate::scope::Scope;
use crate::{StoreError, Tx, still_used};

/// Registered user data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserDataRow {
    /// Its id.
    pub id: UserDataId,
    /// Whose it is.
    pub account: AccountId,
    /// Its name, unique in its account.
    pub name: String,
    /// What the guest does at its first boot, decoded.
    pub content: String,
    /// Names that it wants values for, comma separated.
    pub params: String,
    /// Since when there has been one.
    pub created: Timestamp,
}

/// Registered user data with its owner's names.
#[derive(Debug, Clone)]
pub struct UserDataView {
    /// The user data.
    pub row: UserDataRow,
    /// The owner's name.
    pub account_name: String,
    /// The owner's domain.
    pub domain: DomainId,
    /// That domain's name.
    pub domain_name: String,
    /// That domain's path.
    pub domain_path: String,
}

/// Which to list.
#[derive(Debug, Clone, Default)]
pub struct UserDataFilter {
    /// This one.
    pub id: Option<UserDataId>,
    /// Those of this name.
    pub name: Option<String>,
    /// Those whose name contains this.
    pub keyword: Option<String>,
}

/// The user data of an account, and that which a template brings along; nothing: there is none.
pub type Offered = (Option<NamedUserData>, Option<NamedUserData>);

/// What a VM of `template` can be told: what is named of its account's, and what its template brings along.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn user_data_offered(
    tx: &Tx<'_>,
    account: AccountId,
    named: Option<UserDataId>,
    template: TemplateId,
) -> Result<Offered, StoreError> {
    let found = tx.row(
        "look user data up",
        "SELECT (SELECT json_object('id', id, 'content', content, 'params', params) FROM user_data
                 WHERE account = ?1 AND id = ?2) AS named,
                (SELECT json_object('id', u.id, 'content', u.content, 'params', u.params, 'policy', t.user_data_policy)
                 FROM template t JOIN user_data u ON u.id = t.user_data WHERE t.id = ?3) AS brought",
        params![account.to_string(), named.map(|id| id.to_string()), template.to_string()],
        |row| Ok((json_or_null(row, "named")?, json_or_null(row, "brought")?)),
    )?;
    Ok(found.unwrap_or_default())
}

/// Adds user data.
///
/// # Errors
/// [`StoreError::Taken`] if the account has some of that name.
pub fn user_data_add(tx: &Tx<'_>, row: &UserDataRow) -> Result<(), StoreError> {
    let added = tx.execute(
        "record user data",
        "INSERT INTO user_data (id, account, name, content, params, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            row.id.to_string(),
            row.account.to_string(),
            row.name,
            row.content,
            row.params,
            row.created.0,
        ],
    );
    match added {
        Err(e) if e.is_unique_violation() => Err(StoreError::Taken(format!(
            "there is user data named {} already; choose another name",
            row.name
        ))),
        other => other.map(|_| ()),
    }
}

/// Removes user data. VMs that were given it keep it.
///
/// # Errors
/// [`StoreError::Taken`] while templates bring it along.
pub fn user_data_remove(tx: &Tx<'_>, id: UserDataId) -> Result<(), StoreError> {
    let id = id.to_string();
    still_used(
        tx,
        "this user data",
        "SELECT 'templates that bring it along' AS kind, count(*) AS number FROM template
         WHERE user_data = ?1 AND removed IS NULL",
        &id,
    )?;
    for (what, sql) in [
        (
            "unlink it from deleted templates",
            "UPDATE template SET user_data = NULL WHERE user_data = ?1",
        ),
        ("remove user data", "DELETE FROM user_data WHERE id = ?1"),
    ] {
        tx.execute(what, sql, params![id])?;
    }
    Ok(())
}

/// Has a template bring user data along, or none.
///
/// # Errors
/// [`StoreError::NotFound`] if there is no such template.
pub fn user_data_link(
    tx: &Tx<'_>,
    template: TemplateId,
    linked: Option<(UserDataId, UserDataPolicy)>,
) -> Result<(), StoreError> {
    let changed = tx.execute(
        "link user data to a template",
        "UPDATE template SET user_data = ?2, user_data_policy = ?3 WHERE id = ?1 AND removed IS NULL",
        params![
            template.to_string(),
            linked.map(|(id, _)| id.to_string()),
            linked.map(|(_, policy)| policy.as_str()),
        ],
    )?;
    if changed == 0 {
        return Err(StoreError::NotFound { what: "template", id: template.to_string() });
    }
    Ok(())
}

/// User data by name.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn user_data_list(
    tx: &Tx<'_>,
    filter: &UserDataFilter,
    scope: &Scope,
    page: Page,
) -> Result<Listed<UserDataView>, StoreError> {
    Query::new(
        "u.*, a.name AS account_name, d.id AS domain, d.name AS domain_name, d.path AS domain_path",
        "user_data u JOIN account a ON a.id = u.account JOIN domain d ON d.id = a.domain",
        "u.name, u.id",
    )
    .scope(scope)
    .is("u.id", filter.id)
    .is("u.name", filter.name.as_deref())
    .keyword(&["u.name"], filter.keyword.as_deref())
    .list(tx, "list user data", page, read)
}

/// One.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn user_data_view(tx: &Tx<'_>, id: UserDataId) -> Result<UserDataView, StoreError> {
    let filter = UserDataFilter { id: Some(id), ..UserDataFilter::default() };
    user_data_list(tx, &filter, &Scope::All, Page::default())?
        .rows
        .pop()
        .ok_or_else(|| StoreError::NotFound { what: "user data", id: id.to_string() })
}

fn read(row: &Row<'_>) -> rusqlite::Result<UserDataView> {
    Ok(UserDataView {
        row: UserDataRow {
            id: parsed(row, "id")?,
            account: parsed(row, "account")?,
            name: row.get("name")?,
            content: row.get("content")?,
            params: row.get("params")?,
            created: time(row, "created")?,
        },
        account_name: row.get("account_name")?,
        domain: parsed(row, "domain")?,
        domain_name: row.get("domain_name")?,
        domain_path: row.get("domain_path")?,
    })
}
