//! Templates as they are listed, with the names of all that a template refers to.
//!
//! Not here: the life of a template (`template`).

use std::collections::BTreeMap;

use hostler_model::{
    AccountId, Bytes, DomainId, JobId, JobState, TemplateId, TemplateState, Timestamp, UserDataId,
    UserDataPolicy, ZoneId,
};
use rusqlite::Row;

use crate::columns::{amount, json, parsed, parsed_or_null, time, time_or_null};
use crate::listing::{Listed, Page, Query};
use crate::scope::Scope;
use crate::tag::{TagView, tags_column};
use crate::vm_view::pending;
use crate::{StoreError, Tx};

/// A template with all that a reader of a list wants to know of it.
#[derive(Debug, Clone)]
pub struct TemplateView {
    /// Its id.
    pub id: TemplateId,
    /// Its name.
    pub name: String,
    /// What it is, for people.
    pub display_text: String,
    /// Where it was fetched from.
    pub url: String,
    /// `QCOW2` or `RAW`.
    pub format: String,
    /// `Linux`, `Windows`, ...
    pub os: String,
    /// Machine architecture.
    pub arch: String,
    /// What it was to be checked against.
    pub checksum: Option<String>,
    /// Whether everybody may use it.
    pub is_public: bool,
    /// Whether it is recommended.
    pub is_featured: bool,
    /// Whether it may be downloaded.
    pub is_extractable: bool,
    /// Whether it is for the product's own VMs.
    pub is_system: bool,
    /// Whether a VM can start from it.
    pub bootable: bool,
    /// Where it is in its life.
    pub state: TemplateState,
    /// How large a guest sees it.
    pub virtual_size: Option<Bytes>,
    /// How large its file is.
    pub size: Option<Bytes>,
    /// Bytes fetched so far.
    pub done: Bytes,
    /// Bytes to fetch in all, where that is known.
    pub total: Option<Bytes>,
    /// Why fetching it failed.
    pub error: Option<String>,
    /// What was said about it at its registration.
    pub details: BTreeMap<String, String>,
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
    /// The user data that it brings along: id, name, and names that it wants values for.
    pub user_data: Option<(UserDataId, String, String)>,
    /// Whether those who deploy from it may bring their own.
    pub user_data_policy: Option<UserDataPolicy>,
    /// The zone that it is in; nothing: all zones.
    pub zone: Option<ZoneId>,
    /// That zone's name.
    pub zone_name: Option<String>,
    /// The image worker that has it.
    pub worker: Option<hostler_model::HostId>,
    /// That worker's name.
    pub worker_name: Option<String>,
    /// The oldest job on it that is not over, with its state.
    pub job: Option<(JobId, JobState)>,
    /// Since when there has been one.
    pub created: Timestamp,
    /// Since when it is gone.
    pub removed: Option<Timestamp>,
    /// The kind of guest that was named.
    pub os_type: Option<uuid::Uuid>,
    /// The tag that hosts of its VMs must have; empty: none.
    pub host_tag: String,
    /// Whether its VMs' passwords can be reset.
    pub password_enabled: bool,
    /// Whether its VMs take SSH keys.
    pub ssh_key_enabled: bool,
    /// Whether its VMs can change size while they run.
    pub dynamically_scalable: bool,
    /// Whether it needs a CPU that helps.
    pub requires_hvm: bool,
    /// Its tags, by their keys.
    pub tags: Vec<TagView>,
}

/// Whose templates a list may show.
#[derive(Debug, Clone)]
pub enum TemplateReach {
    /// Every one.
    All,
    /// Those in this scope, whoever may use them.
    Owned(Scope),
    /// Those that are for everybody, those in this scope, and those that are shared with it.
    Usable(Scope),
    /// Those of others that are shared with this scope.
    Shared(Scope),
    /// Those that are for everybody.
    Public,
}

/// Which templates to list.
#[derive(Debug, Clone)]
pub struct TemplateFilter {
    /// Whose.
    pub reach: TemplateReach,
    /// ISOs only, or templates only.
    pub iso: Option<bool>,
    /// This one.
    pub id: Option<TemplateId>,
    /// These.
    pub ids: Vec<TemplateId>,
    /// Those of this name.
    pub name: Option<String>,
    /// Those in this zone, or in all.
    pub zone: Option<ZoneId>,
    /// Those for everybody, or not.
    pub public: Option<bool>,
    /// Those that a VM can start from, or not.
    pub bootable: Option<bool>,
    /// Those whose kind of guest is one of these.
    pub os_types: Vec<uuid::Uuid>,
    /// Those that this image worker has.
    pub worker: Option<hostler_model::HostId>,
    /// Those with a copy on this pool.
    pub pool: Option<hostler_model::StoragePoolId>,
    /// Those that are recommended, or not.
    pub featured: Option<bool>,
    /// Those that can be used, or not.
    pub ready: Option<bool>,
    /// Those of this architecture.
    pub arch: Option<String>,
    /// Those with one of these tags, each a key and a value.
    pub tags: Vec<(String, String)>,
    /// Those whose name or text contains this.
    pub keyword: Option<String>,
    /// Deleted ones too.
    pub with_deleted: bool,
}

impl TemplateFilter {
    /// Every template in `reach` that is not deleted.
    pub fn new(reach: TemplateReach) -> Self {
        Self {
            reach,
            iso: None,
            id: None,
            ids: Vec::new(),
            name: None,
            zone: None,
            public: None,
            bootable: None,
            os_types: Vec::new(),
            worker: None,
            pool: None,
            featured: None,
            ready: None,
            arch: None,
            tags: Vec::new(),
            keyword: None,
            with_deleted: false,
        }
    }
}

/// Templates in the order in which they were registered.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn template_list(
    tx: &Tx<'_>,
    filter: &TemplateFilter,
    page: Page,
) -> Result<Listed<TemplateView>, StoreError> {
    let mut query = Query::new(
        concat!(
            "t.*, a.name AS account_name, d.id AS domain, d.name AS domain_name, d.path AS domain_path,
         z.name AS zone_name, h.name AS worker_name,
         (SELECT json_array(u.id, u.name, u.params) FROM user_data u WHERE u.id = t.user_data) AS brought,
         (SELECT j.id || ' ' || j.state FROM job j WHERE j.subject = t.id AND j.finished IS NULL
          ORDER BY j.number LIMIT 1) AS pending, ",
            tags_column!("t.id")
        ),
        "template t JOIN account a ON a.id = t.account JOIN domain d ON d.id = a.domain
         LEFT JOIN zone z ON z.id = t.zone LEFT JOIN host h ON h.id = t.worker",
        "t.sort_key, t.number",
    );
    if !filter.with_deleted {
        query = query.only("t.removed IS NULL");
    }
    query = match &filter.reach {
        TemplateReach::All => query,
        TemplateReach::Public => query.only("t.is_public = 1"),
        TemplateReach::Owned(scope) => query.scope(scope),
        TemplateReach::Usable(scope) => {
            let (ours, value) = scope.accounts();
            let clause = format!(
                "(t.is_public = 1 OR t.account IN ({ours}) OR EXISTS (SELECT 1 FROM template_share s
                     WHERE s.template = t.id AND s.account IN ({ours})))"
            );
            query.filter(&clause, value)
        }
        TemplateReach::Shared(scope) => {
            let (ours, value) = scope.accounts();
            let shared = format!(
                "t.account NOT IN ({ours}) AND EXISTS (SELECT 1 FROM template_share s
                     WHERE s.template = t.id AND s.account IN ({ours}))"
            );
            query.filter(&shared, value)
        }
    };
    query
        .is("t.id", filter.id)
        .any("t.id", &filter.ids)
        .is("t.name", filter.name.as_deref())
        .filter("(t.zone = ? OR t.zone IS NULL)", filter.zone.map(|id| id.to_string()))
        .filter("(t.format = 'ISO') = ?", filter.iso)
        .filter("t.is_public = ?", filter.public)
        .filter("t.bootable = ?", filter.bootable)
        .any("t.os_type", &filter.os_types)
        .is("t.worker", filter.worker)
        .filter(
            "t.id IN (SELECT template FROM template_copy WHERE pool = ?)",
            filter.pool.map(|id| id.to_string()),
        )
        .filter("t.is_featured = ?", filter.featured)
        .filter("(t.state = 'Ready') = ?", filter.ready)
        .is("t.arch", filter.arch.as_deref())
        .tagged("t.id", &filter.tags)
        .keyword(&["t.name", "t.display_text"], filter.keyword.as_deref())
        .list(tx, "list templates", page, read)
}

/// One template, deleted or not.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn template_view(tx: &Tx<'_>, id: TemplateId) -> Result<TemplateView, StoreError> {
    let filter = TemplateFilter {
        id: Some(id),
        with_deleted: true,
        ..TemplateFilter::new(TemplateReach::All)
    };
    template_list(tx, &filter, Page::default())?
        .rows
        .pop()
        .ok_or_else(|| StoreError::NotFound { what: "template", id: id.to_string() })
}

fn size(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Bytes>> {
    Ok(row.get::<_, Option<i64>>(column)?.and_then(|n| u64::try_from(n).ok()).map(Bytes))
}

fn read(row: &Row<'_>) -> rusqlite::Result<TemplateView> {
    Ok(TemplateView {
        id: parsed(row, "id")?,
        name: row.get("name")?,
        display_text: row.get("display_text")?,
        url: row.get("url")?,
        format: row.get("format")?,
        os: row.get("os")?,
        arch: row.get("arch")?,
        checksum: row.get("checksum")?,
        is_public: row.get("is_public")?,
        is_featured: row.get("is_featured")?,
        is_extractable: row.get("is_extractable")?,
        is_system: row.get("is_system")?,
        bootable: row.get("bootable")?,
        state: parsed(row, "state")?,
        virtual_size: size(row, "virtual_size")?,
        size: size(row, "size")?,
        done: Bytes(amount(row, "done")?),
        total: size(row, "total")?,
        error: row.get("error")?,
        details: json(row, "details")?,
        account: parsed(row, "account")?,
        account_name: row.get("account_name")?,
        domain: parsed(row, "domain")?,
        domain_name: row.get("domain_name")?,
        domain_path: row.get("domain_path")?,
        user_data: row
            .get::<_, Option<String>>("brought")?
            .map(|_| json(row, "brought"))
            .transpose()?,
        user_data_policy: parsed_or_null(row, "user_data_policy")?,
        zone: parsed_or_null(row, "zone")?,
        zone_name: row.get("zone_name")?,
        worker: parsed_or_null(row, "worker")?,
        worker_name: row.get("worker_name")?,
        job: pending(row)?,
        created: time(row, "created")?,
        removed: time_or_null(row, "removed")?,
        os_type: parsed_or_null(row, "os_type")?,
        host_tag: row.get("host_tag")?,
        password_enabled: row.get("password_enabled")?,
        ssh_key_enabled: row.get("ssh_key_enabled")?,
        dynamically_scalable: row.get("dynamically_scalable")?,
        requires_hvm: row.get("requires_hvm")?,
        tags: json(row, "tags")?,
    })
}
