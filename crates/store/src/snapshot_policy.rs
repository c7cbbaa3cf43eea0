//! Table `snapshot_policy`: when copies of volumes are made by themselves, and how many are kept.
//!
//! Not here: what a schedule means, and when it comes next (the manager's `orchestration::snapshot`).

use hostler_model::{AccountId, SnapshotId, SnapshotPolicyId, Timestamp, UserId, VolumeId};
use rusqlite::{Row, params};

use crate::columns::{parsed, time};
use crate::listing::{Listed, Page, Query};
use crate::scope::Scope;
use crate::{StoreError, Tx};

/// A policy as it is recorded.
#[derive(Debug, Clone)]
pub struct SnapshotPolicyRow {
    /// Its id.
    pub id: SnapshotPolicyId,
    /// The volume.
    pub volume: VolumeId,
    /// That volume's name.
    pub volume_name: String,
    /// The volume's account.
    pub account: AccountId,
    /// `HOURLY`, `DAILY`, `WEEKLY` or `MONTHLY`.
    pub kind: String,
    /// When in an hour, day, week or month, as the API has it.
    pub schedule: String,
    /// In which time zone.
    pub timezone: String,
    /// How many of its copies are kept.
    pub max_snaps: u32,
    /// Who asked for it.
    pub user: UserId,
    /// Whether portals show it.
    pub is_shown: bool,
    /// When the next copy is due.
    pub next_run: Timestamp,
}

/// Which policies to list.
#[derive(Debug, Clone, Default)]
pub struct SnapshotPolicyFilter {
    /// This one.
    pub id: Option<SnapshotPolicyId>,
    /// Those of this volume.
    pub volume: Option<VolumeId>,
    /// Those that portals show, or those that they do not.
    pub shown: Option<bool>,
}

fn policies() -> Query {
    Query::new(
        "s.*, v.name AS volume_name, v.account AS account",
        "snapshot_policy s JOIN volume v ON v.id = s.volume JOIN account a ON a.id = v.account
         JOIN domain d ON d.id = a.domain",
        "s.number",
    )
}

fn read(row: &Row<'_>) -> rusqlite::Result<SnapshotPolicyRow> {
    Ok(SnapshotPolicyRow {
        id: parsed(row, "id")?,
        volume: parsed(row, "volume")?,
        volume_name: row.get("volume_name")?,
        account: parsed(row, "account")?,
        kind: row.get("kind")?,
        schedule: row.get("schedule")?,
        timezone: row.get("timezone")?,
        max_snaps: row.get("max_snaps")?,
        user: parsed(row, "user")?,
        is_shown: row.get("is_shown")?,
        next_run: time(row, "next_run")?,
    })
}

/// Records a policy, in place of one of the same kind on the same volume, whose id stays. The policy as it is then.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn snapshot_policy_set(
    tx: &Tx<'_>,
    row: &SnapshotPolicyRow,
    now: Timestamp,
) -> Result<SnapshotPolicyRow, StoreError> {
    let id = tx.row(
        "record a snapshot policy",
        "INSERT INTO snapshot_policy (id, volume, kind, schedule, timezone, max_snaps, user, is_shown, next_run, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (volume, kind) DO UPDATE SET schedule = ?4, timezone = ?5, max_snaps = ?6, user = ?7,
             is_shown = ?8, next_run = ?9
         RETURNING id",
        params![
            row.id.to_string(),
            row.volume.to_string(),
            row.kind,
            row.schedule,
            row.timezone,
            row.max_snaps,
            row.user.to_string(),
            row.is_shown,
            row.next_run.0,
            now.0,
        ],
        |row| parsed(row, "id"),
    )?;
    Ok(SnapshotPolicyRow { id: id.unwrap_or(row.id), ..row.clone() })
}

/// Policies in the order in which they were made.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn snapshot_policy_list(
    tx: &Tx<'_>,
    filter: &SnapshotPolicyFilter,
    scope: &Scope,
    keyword: Option<&str>,
    page: Page,
) -> Result<Listed<SnapshotPolicyRow>, StoreError> {
    policies()
        .scope(scope)
        .is("s.id", filter.id)
        .is("s.volume", filter.volume)
        .filter("s.is_shown = ?", filter.shown)
        .keyword(&["s.kind", "v.name"], keyword)
        .list(tx, "list snapshot policies", page, read)
}

/// One policy.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn snapshot_policy_get(
    tx: &Tx<'_>,
    id: SnapshotPolicyId,
) -> Result<SnapshotPolicyRow, StoreError> {
    let found = policies().is("s.id", Some(id)).list(
        tx,
        "read a snapshot policy",
        Page::default(),
        read,
    )?;
    found
        .rows
        .into_iter()
        .next()
        .ok_or_else(|| StoreError::NotFound { what: "snapshot policy", id: id.to_string() })
}

/// Policies whose next copy is due, of volumes that are written.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn snapshot_policies_due(
    tx: &Tx<'_>,
    now: Timestamp,
) -> Result<Vec<SnapshotPolicyRow>, StoreError> {
    let due = policies().only("v.state = 'Ready'").filter("s.next_run <= ?", Some(now.0));
    Ok(due.list(tx, "find snapshot policies that are due", Page::default(), read)?.rows)
}

/// Sets when the next copy of a policy is due, unless somebody has since the caller read it; whether it was set.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn snapshot_policy_advance(
    tx: &Tx<'_>,
    row: &SnapshotPolicyRow,
    next: Timestamp,
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "say when a snapshot is due next",
        "UPDATE snapshot_policy SET next_run = ?3 WHERE id = ?1 AND next_run = ?2",
        params![row.id.to_string(), row.next_run.0, next.0],
    )?;
    Ok(changed > 0)
}

/// Sets whether portals show a policy.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn snapshot_policy_show(
    tx: &Tx<'_>,
    id: SnapshotPolicyId,
    is_shown: bool,
) -> Result<(), StoreError> {
    let sql = "UPDATE snapshot_policy SET is_shown = ?2 WHERE id = ?1";
    match tx.execute("change a snapshot policy", sql, params![id.to_string(), is_shown])? {
        0 => Err(StoreError::NotFound { what: "snapshot policy", id: id.to_string() }),
        _ => Ok(()),
    }
}

/// Removes a policy; its copies stay.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn snapshot_policy_remove(tx: &Tx<'_>, id: SnapshotPolicyId) -> Result<(), StoreError> {
    let sql = "DELETE FROM snapshot_policy WHERE id = ?1";
    match tx.execute("remove a snapshot policy", sql, params![id.to_string()])? {
        0 => Err(StoreError::NotFound { what: "snapshot policy", id: id.to_string() }),
        _ => Ok(()),
    }
}

/// Copies that are more than their policies keep, the oldest ones, each with its policy.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn snapshots_too_many(tx: &Tx<'_>) -> Result<Vec<(SnapshotId, SnapshotPolicyId)>, StoreError> {
    tx.rows(
        "find snapshots that are not kept",
        "SELECT id, policy FROM (
             SELECT s.id, s.policy, p.max_snaps,
                    row_number() OVER (PARTITION BY s.policy ORDER BY s.number DESC) AS place
             FROM snapshot s JOIN snapshot_policy p ON p.id = s.policy
             WHERE s.removed IS NULL AND s.policy IS NOT NULL AND s.state = 'BackedUp')
         WHERE place > max_snaps",
        &[],
        |row| Ok((parsed(row, "id")?, parsed(row, "policy")?)),
    )
}
