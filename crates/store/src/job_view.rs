//! Jobs and their steps as they are listed.
//!
//! Not here: how jobs are carried out (`job`, `step`).

use hostler_model::{AccountId, DomainId, JobId, JobState, Timestamp, UserId};
use rusqlite::Row;
use uuid::Uuid;

use crate::columns::{parsed, parsed_or_null, stored, time, time_or_null};
use crate::listing::{Listed, Page, Query};
use crate::scope::Scope;
use crate::{StoreError, Tx};

/// A job with the names of whose it is.
#[derive(Debug, Clone)]
pub struct JobView {
    /// Its id.
    pub id: JobId,
    /// The API command that began it.
    pub api_command: String,
    /// Whose it is.
    pub account: AccountId,
    /// That account's name.
    pub account_name: String,
    /// The account's domain.
    pub domain: DomainId,
    /// That domain's path.
    pub domain_path: String,
    /// Who asked for it.
    pub user: UserId,
    /// The kind of thing that it works on.
    pub subject_kind: String,
    /// That thing.
    pub subject: Uuid,
    /// How it stands.
    pub state: JobState,
    /// What came of it, when it succeeded.
    pub result: Option<serde_json::Value>,
    /// Why not, when it failed: a status of the API and a text.
    pub error: Option<(u16, String)>,
    /// Why it does not go on.
    pub waiting_for: Option<String>,
    /// The step that it is at.
    pub step: Option<String>,
    /// The manager that works on it.
    pub owner: Option<u64>,
    /// When it was asked for.
    pub created: Timestamp,
    /// When it ended.
    pub finished: Option<Timestamp>,
}

/// Which jobs to list.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// This one.
    pub id: Option<JobId>,
    /// Those on this thing.
    pub subject: Option<Uuid>,
    /// Those on things of this kind.
    pub subject_kind: Option<String>,
    /// Those that the manager of this number works on.
    pub manager: Option<u64>,
    /// Only those that are not over.
    pub only_open: bool,
    /// Not older than this.
    pub from: Option<Timestamp>,
    /// Those whose command contains this.
    pub keyword: Option<String>,
}

/// Jobs, the newest first.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn job_list(
    tx: &Tx<'_>,
    filter: &JobFilter,
    scope: &Scope,
    page: Page,
) -> Result<Listed<JobView>, StoreError> {
    let mut query = Query::new(
        "j.*, a.name AS account_name, d.id AS domain, d.path AS domain_path,
         (SELECT s.name FROM step s WHERE s.job = j.id AND s.state <> 'Pending'
          ORDER BY s.position DESC LIMIT 1) AS step",
        "job j JOIN account a ON a.id = j.account JOIN domain d ON d.id = a.domain",
        "j.number DESC",
    );
    if filter.only_open {
        query = query.only("j.finished IS NULL");
    }
    query
        .scope(scope)
        .is("j.id", filter.id)
        .is("j.subject", filter.subject)
        .filter("j.subject_kind = ? COLLATE NOCASE", filter.subject_kind.clone())
        .filter("j.owner = ?", filter.manager.map(stored))
        .filter("j.created >= ?", filter.from.map(|at| at.0))
        .keyword(&["j.api_command"], filter.keyword.as_deref())
        .list(tx, "list jobs", page, read)
}

fn read(row: &Row<'_>) -> rusqlite::Result<JobView> {
    let result: Option<String> = row.get("result")?;
    let code: Option<u16> = row.get("error_code")?;
    let text: Option<String> = row.get("error_text")?;
    Ok(JobView {
        id: parsed(row, "id")?,
        api_command: row.get("api_command")?,
        account: parsed(row, "account")?,
        account_name: row.get("account_name")?,
        domain: parsed(row, "domain")?,
        domain_path: row.get("domain_path")?,
        user: parsed(row, "user")?,
        subject_kind: row.get("subject_kind")?,
        subject: parsed(row, "subject")?,
        state: parsed(row, "state")?,
        result: result.and_then(|text| serde_json::from_str(&text).ok()),
        error: code.zip(text),
        waiting_for: row.get("waiting_for")?,
        step: row.get("step")?,
        owner: row.get::<_, Option<i64>>("owner")?.and_then(|n| u64::try_from(n).ok()),
        created: time(row, "created")?,
        finished: time_or_null(row, "finished")?,
    })
}

/// A decision where a VM is to run.
#[derive(Debug, Clone)]
pub struct PlacementView {
    /// When it was taken.
    pub at: Timestamp,
    /// The host; nothing when none would do.
    pub host: Option<hostler_model::HostId>,
    /// That host's name.
    pub host_name: Option<String>,
    /// The job that needed it.
    pub job: Option<JobId>,
    /// Demand, and per host the refusal or the scores.
    pub verdict: serde_json::Value,
}

/// The decisions about a VM, the newest first.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn placement_list(
    tx: &Tx<'_>,
    vm: hostler_model::VmId,
    page: Page,
) -> Result<Listed<PlacementView>, StoreError> {
    Query::new(
        "p.*, h.name AS host_name",
        "placement p LEFT JOIN host h ON h.id = p.host",
        "p.number DESC",
    )
    .is("p.vm", Some(vm))
    .list(tx, "list decisions about a VM", page, |row| {
        Ok(PlacementView {
            at: time(row, "at")?,
            host: parsed_or_null(row, "host")?,
            host_name: row.get("host_name")?,
            job: parsed_or_null(row, "job")?,
            verdict: crate::columns::json(row, "verdict")?,
        })
    })
}
