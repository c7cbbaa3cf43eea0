//! Snapshots as they are listed, with the names of all that a snapshot refers to.
//!
//! Not here: the life of a snapshot (`snapshot`).

use hostler_model::{
    AccountId, Bytes, DomainId, JobId, JobState, SnapshotId, SnapshotState, StoragePoolId,
    Timestamp, VolumeId, ZoneId,
};
use rusqlite::Row;

use crate::columns::{amount, json, parsed, parsed_or_null, time};
use crate::listing::{Listed, Page, Query};
use crate::scope::Scope;
use crate::tag::{TagView, tags_column};
use crate::vm_view::pending;
use crate::{StoreError, Tx};

/// A snapshot with all that a reader of a list wants to know of it.
#[derive(Debug, Clone)]
pub struct SnapshotView {
    /// Its id.
    pub id: SnapshotId,
    /// Its name.
    pub name: String,
    /// `MANUAL`, `HOURLY`, ...
    pub kind: String,
    /// Where it is in its life.
    pub state: SnapshotState,
    /// Why it is in state Error.
    pub error: Option<String>,
    /// How large a guest saw the volume.
    pub size: Bytes,
    /// What it takes on its pool.
    pub physical_size: Option<Bytes>,
    /// Whose it is.
    pub account: AccountId,
    /// That account's name.
    pub account_name: String,
    /// The account's domain.
    pub domain: DomainId,
    /// That domain's name.
    pub domain_name: String,
    /// That domain's path.
    pub domain_path: String,
    /// The zone that it is in.
    pub zone: ZoneId,
    /// That zone's name.
    pub zone_name: String,
    /// The volume that it is a copy of.
    pub volume: VolumeId,
    /// That volume's name.
    pub volume_name: String,
    /// `ROOT` or `DATADISK`.
    pub volume_kind: String,
    /// Where the volume is in its life.
    pub volume_state: String,
    /// The pool that it lives on, by id and name.
    pub pool: Option<(StoragePoolId, String)>,
    /// The oldest job on it that is not over, with its state.
    pub job: Option<(JobId, JobState)>,
    /// When it was asked for.
    pub created: Timestamp,
    /// Its tags, by their keys.
    pub tags: Vec<TagView>,
}

/// Which snapshots to list.
#[derive(Debug, Clone, Default)]
pub struct SnapshotFilter {
    /// This one.
    pub id: Option<SnapshotId>,
    /// These.
    pub ids: Vec<SnapshotId>,
    /// Those of this name.
    pub name: Option<String>,
    /// Those of this volume.
    pub volume: Option<VolumeId>,
    /// Those in this zone.
    pub zone: Option<ZoneId>,
    /// Those on this pool.
    pub pool: Option<StoragePoolId>,
    /// Those of this kind: `MANUAL`, `HOURLY`, ...
    pub kind: Option<String>,
    /// Those that are of a policy, whatever its kind, or those that are not.
    pub recurring: Option<bool>,
    /// Those with one of these tags, each a key and a value.
    pub tags: Vec<(String, String)>,
    /// Those whose name contains this.
    pub keyword: Option<String>,
}

/// Snapshots in the order in which they were asked for, without those that belong to VM snapshots.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn snapshot_list(
    tx: &Tx<'_>,
    filter: &SnapshotFilter,
    scope: &Scope,
    page: Page,
) -> Result<Listed<SnapshotView>, StoreError> {
    snapshots()
        .only("s.removed IS NULL AND s.vm_snapshot IS NULL")
        .scope(scope)
        .is("s.id", filter.id)
        .any("s.id", &filter.ids)
        .is("s.name", filter.name.as_deref())
        .is("s.volume", filter.volume)
        .is("s.zone", filter.zone)
        .is("s.pool", filter.pool)
        .filter("s.kind = ? COLLATE NOCASE", filter.kind.clone())
        .filter("(s.kind <> 'MANUAL') = ?", filter.recurring)
        .tagged("s.id", &filter.tags)
        .keyword(&["s.name"], filter.keyword.as_deref())
        .list(tx, "list snapshots", page, read)
}

fn snapshots() -> Query {
    Query::new(
        concat!(
            "s.*, a.name AS account_name, d.id AS domain, d.name AS domain_name, d.path AS domain_path,
         z.name AS zone_name, v.name AS volume_name, v.kind AS volume_kind, v.state AS volume_state,
         p.name AS pool_name,
         (SELECT j.id || ' ' || j.state FROM job j WHERE j.finished IS NULL
              AND (j.subject = s.id OR j.id = v.job AND json_extract(j.input, '$.wants.snapshot') = s.id)
          ORDER BY j.number LIMIT 1) AS pending, ",
            tags_column!("s.id")
        ),
        "snapshot s JOIN account a ON a.id = s.account JOIN domain d ON d.id = a.domain
         JOIN zone z ON z.id = s.zone JOIN volume v ON v.id = s.volume
         LEFT JOIN storage_pool p ON p.id = s.pool",
        "s.number",
    )
}

/// One snapshot, also one that was deleted.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn snapshot_view(tx: &Tx<'_>, id: SnapshotId) -> Result<SnapshotView, StoreError> {
    let found = snapshots().is("s.id", Some(id)).list(tx, "read a snapshot", Page::default(), read);
    let row = found?.rows.into_iter().next();
    row.ok_or_else(|| StoreError::NotFound { what: "snapshot", id: id.to_string() })
}

fn read(row: &Row<'_>) -> rusqlite::Result<SnapshotView> {
    let physical: Option<i64> = row.get("physical_size")?;
    Ok(SnapshotView {
        id: parsed(row, "id")?,
        name: row.get("name")?,
        kind: row.get("kind")?,
        state: parsed(row, "state")?,
        error: row.get("error")?,
        size: Bytes(amount(row, "size")?),
        physical_size: physical.and_then(|n| u64::try_from(n).ok()).map(Bytes),
        account: parsed(row, "account")?,
        account_name: row.get("account_name")?,
        domain: parsed(row, "domain")?,
        domain_name: row.get("domain_name")?,
        domain_path: row.get("domain_path")?,
        zone: parsed(row, "zone")?,
        zone_name: row.get("zone_name")?,
        volume: parsed(row, "volume")?,
        volume_name: row.get("volume_name")?,
        volume_kind: row.get("volume_kind")?,
        volume_state: row.get("volume_state")?,
        pool: parsed_or_null(row, "pool")?.zip(row.get("pool_name")?),
        job: pending(row)?,
        created: time(row, "created")?,
        tags: json(row, "tags")?,
    })
}
