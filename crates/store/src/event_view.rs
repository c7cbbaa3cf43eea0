//! Events as they are listed.

use hostler_model::{AccountId, DomainId, JobId, Timestamp};
use rusqlite::Row;
use uuid::Uuid;

use crate::columns::{parsed, parsed_or_null, time, to_json};
use crate::listing::{Listed, Page, Query};
use crate::scope::Scope;
use crate::{StoreError, Tx};

/// An event with the names of who it is about.
#[derive(Debug, Clone)]
pub struct EventView {
    /// Its id.
    pub id: Uuid,
    /// When.
    pub at: Timestamp,
    /// What: `VM.CREATE`, ...
    pub kind: String,
    /// How bad: `INFO`, `WARN` or `ERROR`.
    pub level: String,
    /// How far: `Scheduled`, `Started` or `Completed`.
    pub state: String,
    /// For a person.
    pub description: String,
    /// Who says so.
    pub cause: String,
    /// Whose it is: account, name, domain, its name, its path.
    pub owner: Option<(AccountId, String, DomainId, String, String)>,
    /// Who asked for it, by name.
    pub user_name: Option<String>,
    /// What it is about: kind and id.
    pub subject: Option<(String, Uuid)>,
    /// The job that brought it about.
    pub job: Option<JobId>,
}

/// Which events to list.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// This one.
    pub id: Option<Uuid>,
    /// These.
    pub ids: Vec<Uuid>,
    /// Those about things of these kinds.
    pub subject_kinds: Vec<String>,
    /// Those that were archived, not those that were not.
    pub archived: bool,
    /// Those of this kind.
    pub kind: Option<String>,
    /// Those this bad.
    pub level: Option<String>,
    /// Those this far.
    pub state: Option<String>,
    /// Those about this.
    pub subject: Option<Uuid>,
    /// Those about things of this kind.
    pub subject_kind: Option<String>,
    /// This one, and those that the same job brought about.
    pub of_job_of: Option<Uuid>,
    /// Those of jobs that were begun not later than this and are not over.
    pub open_since: Option<Timestamp>,
    /// Not older than this.
    pub from: Option<Timestamp>,
    /// Not newer than this.
    pub to: Option<Timestamp>,
    /// Those whose text contains this.
    pub keyword: Option<String>,
}

/// Events, the newest first.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn event_list(
    tx: &Tx<'_>,
    filter: &EventFilter,
    scope: &Scope,
    page: Page,
) -> Result<Listed<EventView>, StoreError> {
    Query::new(
        "e.*, a.name AS account_name, d.id AS domain, d.name AS domain_name, d.path AS domain_path,
         u.name AS user_name",
        "event e LEFT JOIN account a ON a.id = e.account LEFT JOIN domain d ON d.id = a.domain
         LEFT JOIN user u ON u.id = e.user",
        "e.number DESC",
    )
    .scope(scope)
    .is("e.id", filter.id)
    .any("e.id", &filter.ids)
    .any("e.subject_kind", &filter.subject_kinds)
    .filter("e.archived = ?", filter.id.is_none().then_some(filter.archived))
    .is("e.kind", filter.kind.as_deref())
    .is("e.level", filter.level.as_deref())
    .is("e.state", filter.state.as_deref())
    .is("e.subject", filter.subject)
    .filter("e.subject_kind = ? COLLATE NOCASE", filter.subject_kind.clone())
    .filter(
        "e.number IN (SELECT number FROM event WHERE id = ?
             UNION SELECT s.number FROM event b JOIN event s ON s.subject = b.subject AND s.job = b.job
             WHERE b.id = ?)",
        filter.of_job_of.map(|id| id.to_string()),
    )
    .filter(
        "e.job IN (SELECT id FROM job WHERE finished IS NULL AND created <= ?)",
        filter.open_since.map(|at| at.0),
    )
    .filter("e.at >= ?", filter.from.map(|at| at.0))
    .filter("e.at <= ?", filter.to.map(|at| at.0))
    .keyword(&["e.kind", "e.description"], filter.keyword.as_deref())
    .list(tx, "list events", page, read)
}

/// Has lists leave out the events that a list would show, and says how many there are.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn event_archive(
    tx: &Tx<'_>,
    filter: &EventFilter,
    scope: &Scope,
) -> Result<usize, StoreError> {
    let listed = event_list(tx, filter, scope, Page::default())?;
    let ids: Vec<Uuid> = listed.rows.iter().map(|event| event.id).collect();
    tx.execute(
        "archive events",
        "UPDATE event SET archived = 1 WHERE id IN (SELECT value FROM json_each(?1))",
        rusqlite::params![to_json(&ids)],
    )
}

/// The kinds of events that have been recorded.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn event_kinds(tx: &Tx<'_>) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT DISTINCT kind FROM event ORDER BY kind";
    tx.rows("read the kinds of events", sql, &[], |row| row.get("kind"))
}

fn read(row: &Row<'_>) -> rusqlite::Result<EventView> {
    let account: Option<AccountId> = parsed_or_null(row, "account")?;
    let owner = match (account, parsed_or_null(row, "domain")?) {
        (Some(account), Some(domain)) => Some((
            account,
            row.get("account_name")?,
            domain,
            row.get("domain_name")?,
            row.get("domain_path")?,
        )),
        _ => None,
    };
    let subject: Option<Uuid> = parsed_or_null(row, "subject")?;
    let subject_kind: Option<String> = row.get("subject_kind")?;
    Ok(EventView {
        id: parsed(row, "id")?,
        at: time(row, "at")?,
        kind: row.get("kind")?,
        level: row.get("level")?,
        state: row.get("state")?,
        description: row.get("description")?,
        cause: row.get("cause")?,
        owner,
        user_name: row.get("user_name")?,
        subject: subject_kind.zip(subject),
        job: parsed_or_null(row, "job")?,
    })
}
