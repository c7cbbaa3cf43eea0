//! Tables `project` and `project_member`: groups of accounts that share things.
//!
//! What a project has belongs to an account of its own, of kind Project, in the project's domain; so everything that
//! belongs to accounts can belong to a project.

use hostler_model::{AccountId, DomainId, ProjectId, Timestamp, UserId};
use rusqlite::{Row, params};

use crate::columns::{json, parsed, time};
use crate::listing::{Listed, Page, Query};
use crate::scope::Scope;
use crate::{StoreError, Tx};

/// A project with the names of what it belongs to.
#[derive(Debug, Clone)]
pub struct ProjectRow {
    /// Its id.
    pub id: ProjectId,
    /// The account that owns what it has.
    pub account: AccountId,
    /// That account's name.
    pub account_name: String,
    /// The domain that it is in.
    pub domain: DomainId,
    /// That domain's name.
    pub domain_name: String,
    /// Whose limit of projects it counts against.
    pub owner: AccountId,
    /// The names of the accounts that may change it.
    pub admins: Vec<String>,
    /// Its name, unique in its domain.
    pub name: String,
    /// What it is, for people.
    pub display_text: String,
    /// `Active` or `Suspended`: a suspended one takes nothing new.
    pub state: String,
    /// Since when there has been one.
    pub created: Timestamp,
}

/// What an account may do in a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProjectRole {
    /// Changes the project and says who is in it.
    Admin,
    /// Uses what it has.
    Regular,
}

impl ProjectRole {
    /// Its name in the API and in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "Admin",
            Self::Regular => "Regular",
        }
    }

    /// The role of a name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Admin, Self::Regular]
            .into_iter()
            .find(|role| role.as_str().eq_ignore_ascii_case(name))
    }
}

/// An account that is in a project.
#[derive(Debug, Clone)]
pub struct ProjectMember {
    /// The account.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// Its type, by its number in the API.
    pub kind: hostler_model::AccountType,
    /// What it may do.
    pub role: ProjectRole,
}

/// Which accounts of a project to list.
#[derive(Debug, Clone, Default)]
pub struct MemberFilter {
    /// The one of this name.
    pub name: Option<String>,
    /// Those that may do this.
    pub role: Option<ProjectRole>,
    /// The one that this user acts for.
    pub user: Option<UserId>,
    /// Those whose name contains this.
    pub keyword: Option<String>,
}

/// Which projects to list.
#[derive(Debug, Clone, Default)]
pub struct ProjectFilter {
    /// This one.
    pub id: Option<ProjectId>,
    /// Those of this name.
    pub name: Option<String>,
    /// Those of this text.
    pub display_text: Option<String>,
    /// Those in this state.
    pub state: Option<String>,
    /// Those that the account of a user of this name is in.
    pub user_name: Option<String>,
    /// Those with one of these tags, each a key and a value.
    pub tags: Vec<(String, String)>,
    /// Those whose name or text contains this.
    pub keyword: Option<String>,
    /// Deleted ones too.
    pub with_removed: bool,
}

const COLUMNS: &str = "p.*, a.name AS account_name, d.name AS domain_name,
    (SELECT json_group_array(o.name) FROM project_member m JOIN account o ON o.id = m.account
     WHERE m.project = p.id AND m.role = 'Admin') AS admins";
const FROM: &str = "project p JOIN account a ON a.id = p.account JOIN domain d ON d.id = p.domain";

/// Adds a project that is Active; its account is the caller's to add, and so is its first member.
///
/// # Errors
/// [`StoreError::Taken`] if its domain has one of that name.
pub fn project_add(tx: &Tx<'_>, row: &ProjectRow) -> Result<(), StoreError> {
    let added = tx.execute(
        "record a project",
        "INSERT INTO project (id, account, domain, owner, name, display_text, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            row.id.to_string(),
            row.account.to_string(),
            row.domain.to_string(),
            row.owner.to_string(),
            row.name,
            row.display_text,
            row.created.0,
        ],
    );
    named(added, &row.name)
}

fn named(changed: Result<usize, StoreError>, name: &str) -> Result<(), StoreError> {
    match changed {
        Err(e) if e.is_unique_violation() => Err(StoreError::Taken(format!(
            "the domain has a project {name} already; choose another name"
        ))),
        other => other.map(|_| ()),
    }
}

/// A project.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn project_get(tx: &Tx<'_>, id: ProjectId) -> Result<ProjectRow, StoreError> {
    one(tx, &ProjectFilter { id: Some(id), ..ProjectFilter::default() }, id)
}

/// A project, deleted or not.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn project_view(tx: &Tx<'_>, id: ProjectId) -> Result<ProjectRow, StoreError> {
    let filter = ProjectFilter { id: Some(id), with_removed: true, ..ProjectFilter::default() };
    one(tx, &filter, id)
}

fn one(tx: &Tx<'_>, filter: &ProjectFilter, id: ProjectId) -> Result<ProjectRow, StoreError> {
    project_list(tx, filter, &Scope::All, Page::default())?
        .rows
        .pop()
        .ok_or_else(|| StoreError::NotFound { what: "project", id: id.to_string() })
}

/// Projects in the order in which they were made.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn project_list(
    tx: &Tx<'_>,
    filter: &ProjectFilter,
    scope: &Scope,
    page: Page,
) -> Result<Listed<ProjectRow>, StoreError> {
    let mut query = Query::new(COLUMNS, FROM, "p.number");
    if !filter.with_removed {
        query = query.only("p.removed IS NULL");
    }
    query
        .scope(scope)
        .is("p.id", filter.id)
        .is("p.name", filter.name.as_deref())
        .is("p.display_text", filter.display_text.as_deref())
        .filter("p.state = ? COLLATE NOCASE", filter.state.clone())
        .filter(
            "p.id IN (SELECT m.project FROM user u JOIN project_member m ON m.account = u.account
                WHERE u.name = ? AND u.removed IS NULL)",
            filter.user_name.clone(),
        )
        .tagged("p.id", &filter.tags)
        .keyword(&["p.name", "p.display_text"], filter.keyword.as_deref())
        .list(tx, "list projects", page, read)
}

/// Id and name of the projects to which accounts of these names, each in its domain, belong.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn projects_of_accounts(
    tx: &Tx<'_>,
    names: &[String],
) -> Result<Vec<(String, ProjectId, String)>, StoreError> {
    tx.rows(
        "look up the projects of accounts",
        "SELECT a.name AS account_name, p.id, p.name FROM project p JOIN account a ON a.id = p.account
         WHERE a.name IN (SELECT value FROM json_each(?1))",
        params![crate::columns::to_json(&names)],
        |row| Ok((row.get("account_name")?, parsed(row, "id")?, row.get("name")?)),
    )
}

/// The names of the projects that an account owns.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn projects_owned(tx: &Tx<'_>, account: AccountId) -> Result<Vec<String>, StoreError> {
    tx.rows(
        "look up the projects of an owner",
        "SELECT name FROM project WHERE owner = ?1 AND removed IS NULL ORDER BY number",
        params![account.to_string()],
        |row| row.get("name"),
    )
}

/// Changes names, state and owner; nothing: as it was.
///
/// # Errors
/// [`StoreError::NotFound`]; [`StoreError::Taken`] if its domain has one of that name.
pub fn project_update(
    tx: &Tx<'_>,
    id: ProjectId,
    name: Option<&str>,
    display_text: Option<&str>,
    state: Option<&str>,
    owner: Option<AccountId>,
) -> Result<(), StoreError> {
    let changed = tx.execute(
        "change a project",
        "UPDATE project SET name = coalesce(?2, name), display_text = coalesce(?3, display_text),
             state = coalesce(?4, state), owner = coalesce(?5, owner), version = version + 1
         WHERE id = ?1 AND removed IS NULL",
        params![id.to_string(), name, display_text, state, owner.map(|id| id.to_string())],
    );
    if let Ok(0) = changed {
        return Err(StoreError::NotFound { what: "project", id: id.to_string() });
    }
    named(changed, name.unwrap_or_default())
}

/// Refuses a project that still has something.
///
/// # Errors
/// [`StoreError::Taken`] says what.
pub fn project_is_empty(tx: &Tx<'_>, row: &ProjectRow) -> Result<(), StoreError> {
    let counts =
        "SELECT 'VMs' AS kind, count(*) AS number FROM vm WHERE account = ?1 AND removed IS NULL
        UNION ALL SELECT 'volumes', count(*) FROM volume WHERE account = ?1 AND removed IS NULL
        UNION ALL SELECT 'templates', count(*) FROM template WHERE account = ?1 AND removed IS NULL
        UNION ALL SELECT 'networks', count(*) FROM network WHERE account = ?1 AND removed IS NULL";
    crate::still_used(tx, &format!("project {}", row.name), counts, &row.account.to_string())
}

/// Removes the project whose account is gone, if it was a project's.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub(crate) fn project_of_account_remove(
    tx: &Tx<'_>,
    account: AccountId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let account = account.to_string();
    tx.execute(
        "empty a project",
        "DELETE FROM project_member WHERE project = (SELECT id FROM project WHERE account = ?1)",
        params![account],
    )?;
    tx.execute(
        "remove a project",
        "UPDATE project SET removed = ?2, version = version + 1 WHERE account = ?1 AND removed IS NULL",
        params![account, now.0],
    )?;
    Ok(())
}

/// Puts an account into a project, or gives it another role there.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn member_put(
    tx: &Tx<'_>,
    project: ProjectId,
    account: AccountId,
    role: ProjectRole,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "put an account into a project",
        "INSERT INTO project_member (project, account, role, created) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (project, account) DO UPDATE SET role = excluded.role",
        params![project.to_string(), account.to_string(), role.as_str(), now.0],
    )?;
    Ok(())
}

/// Takes an account out of a project; says whether it was in it.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn member_remove(
    tx: &Tx<'_>,
    project: ProjectId,
    account: AccountId,
) -> Result<bool, StoreError> {
    let gone = tx.execute(
        "take an account out of a project",
        "DELETE FROM project_member WHERE project = ?1 AND account = ?2",
        params![project.to_string(), account.to_string()],
    )?;
    Ok(gone > 0)
}

/// What an account may do in a project; nothing: it is not in it.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn member_role(
    tx: &Tx<'_>,
    project: ProjectId,
    account: AccountId,
) -> Result<Option<ProjectRole>, StoreError> {
    let role = tx.row(
        "look up who is in a project",
        "SELECT role FROM project_member WHERE project = ?1 AND account = ?2",
        params![project.to_string(), account.to_string()],
        |row| row.get::<_, String>("role"),
    )?;
    Ok(role.and_then(|name| ProjectRole::named(&name)))
}

/// Whether an account is in the project whose account `of` is.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn member_of(tx: &Tx<'_>, account: AccountId, of: AccountId) -> Result<bool, StoreError> {
    let found = tx.row(
        "look up who is in a project",
        "SELECT m.role FROM project p JOIN project_member m ON m.project = p.id
         WHERE p.account = ?2 AND m.account = ?1 AND p.removed IS NULL",
        params![account.to_string(), of.to_string()],
        |row| row.get::<_, String>("role"),
    )?;
    Ok(found.is_some())
}

/// The accounts of a project, by name.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn member_list(
    tx: &Tx<'_>,
    project: ProjectId,
    filter: &MemberFilter,
    page: Page,
) -> Result<Listed<ProjectMember>, StoreError> {
    Query::new(
        "a.id, a.name, a.kind, m.role",
        "project_member m JOIN account a ON a.id = m.account",
        "a.name, a.id",
    )
    .is("m.project", Some(project))
    .is("a.name", filter.name.as_deref())
    .is("m.role", filter.role.map(ProjectRole::as_str))
    .filter("a.id = (SELECT account FROM user WHERE id = ?)", filter.user.map(|id| id.to_string()))
    .keyword(&["a.name"], filter.keyword.as_deref())
    .list(tx, "list the accounts of a project", page, |row| {
        let role: String = row.get("role")?;
        Ok(ProjectMember {
            account: parsed(row, "id")?,
            name: row.get("name")?,
            kind: parsed(row, "kind")?,
            role: ProjectRole::named(&role).unwrap_or(ProjectRole::Regular),
        })
    })
}

fn read(row: &Row<'_>) -> rusqlite::Result<ProjectRow> {
    Ok(ProjectRow {
        id: parsed(row, "id")?,
        account: parsed(row, "account")?,
        account_name: row.get("account_name")?,
        domain: parsed(row, "domain")?,
        domain_name: row.get("domain_name")?,
        owner: parsed(row, "owner")?,
        admins: json(row, "admins")?,
        name: row.get("name")?,
        display_text: row.get("display_text")?,
        state: row.get("state")?,
        created: time(row, "created")?,
    })
}
