//! VM snapshots as they are listed, with the names of all that one refers to.
//!
//! Not here: the life of a VM snapshot (`vm_snapshot`).

use hostler_model::{
    AccountId, DomainId, JobId, JobState, Timestamp, VmId, VmSnapshotId, VmSnapshotState, ZoneId,
};
use rusqlite::Row;

use crate::columns::{json, parsed, time};
use crate::listing::{Listed, Page, Query};
use crate::scope::Scope;
use crate::tag::{TagView, tags_column};
use crate::vm_view::pending;
use crate::{StoreError, Tx};

/// A VM snapshot with all that a reader of a list wants to know of it.
#[derive(Debug, Clone)]
pub struct VmSnapshotView {
    /// Its id.
    pub id: VmSnapshotId,
    /// Its name.
    pub name: String,
    /// Any text.
    pub description: Option<String>,
    /// Where it is in its life.
    pub state: VmSnapshotState,
    /// Whether it is the one that its VM was last as.
    pub is_current: bool,
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
    /// The VM.
    pub vm: VmId,
    /// That VM's name for people.
    pub vm_name: String,
    /// The oldest job on it that is not over, with its state.
    pub job: Option<(JobId, JobState)>,
    /// When it was asked for.
    pub created: Timestamp,
    /// Its tags, by their keys.
    pub tags: Vec<TagView>,
}

/// Which VM snapshots to list.
#[derive(Debug, Clone, Default)]
pub struct VmSnapshotFilter {
    /// This one.
    pub id: Option<VmSnapshotId>,
    /// These.
    pub ids: Vec<VmSnapshotId>,
    /// Those of this name.
    pub name: Option<String>,
    /// Those in this state.
    pub state: Option<VmSnapshotState>,
    /// Those of this VM.
    pub vm: Option<VmId>,
    /// Those with one of these tags, each a key and a value.
    pub tags: Vec<(String, String)>,
    /// Those whose name contains this.
    pub keyword: Option<String>,
}

/// VM snapshots in the order in which they were asked for.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn vm_snapshot_list(
    tx: &Tx<'_>,
    filter: &VmSnapshotFilter,
    scope: &Scope,
    page: Page,
) -> Result<Listed<VmSnapshotView>, StoreError> {
    vm_snapshots()
        .only("s.removed IS NULL")
        .scope(scope)
        .is("s.id", filter.id)
        .any("s.id", &filter.ids)
        .is("s.name", filter.name.as_deref())
        .is("s.state", filter.state)
        .is("s.vm", filter.vm)
        .tagged("s.id", &filter.tags)
        .keyword(&["s.name"], filter.keyword.as_deref())
        .list(tx, "list VM snapshots", page, read)
}

fn vm_snapshots() -> Query {
    Query::new(
        concat!(
            "s.*, a.name AS account_name, d.id AS domain, d.name AS domain_name, d.path AS domain_path,
         z.name AS zone_name, vm.display_name AS vm_name,
         s.current IS NOT NULL AND NOT EXISTS (SELECT 1 FROM vm_snapshot n
             WHERE n.vm = s.vm AND n.removed IS NULL AND n.current > s.current) AS is_current,
         (SELECT j.id || ' ' || j.state FROM job j WHERE j.finished IS NULL AND j.subject = s.vm
              AND json_extract(j.input, '$.vm_snapshot') = s.id ORDER BY j.number LIMIT 1) AS pending, ",
            tags_column!("s.id")
        ),
        "vm_snapshot s JOIN account a ON a.id = s.account JOIN domain d ON d.id = a.domain
         JOIN zone z ON z.id = s.zone JOIN vm ON vm.id = s.vm",
        "s.number",
    )
}

/// One VM snapshot, also one that was deleted.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn vm_snapshot_view(tx: &Tx<'_>, id: VmSnapshotId) -> Result<VmSnapshotView, StoreError> {
    let found =
        vm_snapshots().is("s.id", Some(id)).list(tx, "read a VM snapshot", Page::default(), read);
    let row = found?.rows.into_iter().next();
    row.ok_or_else(|| StoreError::NotFound { what: "vm_snapshot", id: id.to_string() })
}

fn read(row: &Row<'_>) -> rusqlite::Result<VmSnapshotView> {
    Ok(VmSnapshotView {
        id: parsed(row, "id")?,
        name: row.get("name")?,
        description: row.get("description")?,
        state: parsed(row, "state")?,
        is_current: row.get("is_current")?,
        account: parsed(row, "account")?,
        account_name: row.get("account_name")?,
        domain: parsed(row, "domain")?,
        domain_name: row.get("domain_name")?,
        domain_path: row.get("domain_path")?,
        zone: parsed(row, "zone")?,
        zone_name: row.get("zone_name")?,
        vm: parsed(row, "vm")?,
        vm_name: row.get("vm_name")?,
        job: pending(row)?,
        created: time(row, "created")?,
        tags: json(row, "tags")?,
    })
}
