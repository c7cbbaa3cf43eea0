//! Table `history`: the reason trail. Triggers write it; here it is read, and pruned by age.

use hostler_model::{HostId, Timestamp};
use rusqlite::params;
use uuid::Uuid;

use crate::cause::Cause;
use crate::columns::{json, parsed, parsed_or_null, time};
use crate::listing::{Listed, Page, Query};
use crate::{StoreError, Tx};

/// A change of state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    /// When.
    pub at: Timestamp,
    /// Of what: `VirtualMachine`, `Run` or `Host`.
    pub kind: String,
    /// Which one.
    pub subject: Uuid,
    /// The host of a run, and its name.
    pub host: Option<(HostId, String)>,
    /// What of it: `state`, `power`, `host`, `status` or `adminstate`.
    pub what: String,
    /// What it was; nothing: the thing was made.
    pub before: Option<String>,
    /// What it is from then on.
    pub after: String,
    /// Why.
    pub cause: Cause,
    /// The name of the user who asked for it.
    pub user_name: Option<String>,
}

/// What has become of a VM and its runs, or of a host; the oldest first.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn history_list(
    tx: &Tx<'_>,
    owner: Uuid,
    keyword: Option<&str>,
    page: Page,
) -> Result<Listed<HistoryRow>, StoreError> {
    Query::new(
        "h.*, host.name AS host_name, u.name AS user_name",
        "history h LEFT JOIN host ON host.id = h.host
         LEFT JOIN user u ON u.id = json_extract(h.cause, '$.user')",
        "h.number",
    )
    .is("h.owner", Some(owner))
    .keyword(&["h.after", "h.cause"], keyword)
    .list(tx, "list what has become of a thing", page, |row| {
        let host: Option<HostId> = parsed_or_null(row, "host")?;
        Ok(HistoryRow {
            at: time(row, "at")?,
            kind: row.get("kind")?,
            subject: parsed(row, "subject")?,
            host: host.zip(row.get("host_name")?),
            what: row.get("what")?,
            before: row.get("before")?,
            after: row.get("after")?,
            cause: json(row, "cause")?,
            user_name: row.get("user_name")?,
        })
    })
}

/// Removes what is older than `before` and says how much.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn history_prune(tx: &Tx<'_>, before: Timestamp) -> Result<usize, StoreError> {
    tx.execute("remove old history", "DELETE FROM history WHERE at < ?1", params![before.0])
}
