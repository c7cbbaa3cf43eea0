//! Volumes as they are listed, with the names of all that a volume refers to.
//!
//! Not here: the life of a volume (`volume`).

use hostler_model::{
    AccountId, Bytes, ClusterId, DiskOfferingId, DiskTerms, DomainId, HostId, JobId, JobState,
    PodId, ServiceOfferingId, StoragePoolId, TemplateId, Timestamp, VmId, VolumeId, VolumeState,
    ZoneId,
};
use rusqlite::Row;

use crate::columns::{amount, json, parsed, parsed_or_null, time, time_or_null};
use crate::listing::{Listed, Narrow, Page, Query};
use crate::scope::Scope;
use crate::tag::{TagView, tags_column};
use crate::{StoreError, Tx};

/// A volume with all that a reader of a list wants to know of it.
#[derive(Debug, Clone)]
pub struct VolumeView {
    /// Its id.
    pub id: VolumeId,
    /// Its name.
    pub name: String,
    /// `ROOT` or `DATADISK`.
    pub kind: String,
    /// Its place among the VM's disks, from 0.
    pub device: u32,
    /// How large a guest sees it.
    pub size: Bytes,
    /// Where it is in its life.
    pub state: VolumeState,
    /// Whether an image worker has a file that it is to be written from, or fetches it: `Uploaded`, `UploadOp`.
    pub upload: Option<String>,
    /// Whether its bytes may be had: if those of its template may, or it has none.
    pub is_extractable: bool,
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
    /// The VM that it belongs to.
    pub vm: Option<VmId>,
    /// That VM's host name.
    pub vm_name: Option<String>,
    /// That VM's name for people.
    pub vm_display_name: Option<String>,
    /// That VM's state.
    pub vm_state: Option<String>,
    /// The VM's size.
    pub offering: Option<ServiceOfferingId>,
    /// That offering's name.
    pub offering_name: Option<String>,
    /// What it was made from.
    pub template: Option<TemplateId>,
    /// That template's name.
    pub template_name: Option<String>,
    /// What that template is, for people.
    pub template_text: Option<String>,
    /// The pool that it lives on.
    pub pool: Option<StoragePoolId>,
    /// That pool's name.
    pub pool_name: Option<String>,
    /// Where it is in that pool.
    pub path: Option<String>,
    /// The pod of that pool, by id and name.
    pub pod: Option<(PodId, String)>,
    /// The cluster of that pool, by id and name.
    pub cluster: Option<(ClusterId, String)>,
    /// What it was sold as, for a data volume: id, name and text.
    pub disk_offering: Option<(DiskOfferingId, String, String)>,
    /// How fast it may be: what its offering says, of a root volume its VM's.
    pub terms: DiskTerms,
    /// Since when it is its VM's.
    pub attached: Option<Timestamp>,
    /// The job that works on it just now.
    pub job: Option<(JobId, JobState)>,
    /// Since when there has been one.
    pub created: Timestamp,
    /// Its tags, by their keys.
    pub tags: Vec<TagView>,
}

/// Which volumes to list.
#[derive(Debug, Clone, Default)]
pub struct VolumeFilter {
    /// This one.
    pub id: Option<VolumeId>,
    /// These.
    pub ids: Vec<VolumeId>,
    /// Those of this name.
    pub name: Option<String>,
    /// `ROOT` or `DATADISK` only.
    pub kind: Option<String>,
    /// Those in this state.
    pub state: Option<VolumeState>,
    /// Those of this VM.
    pub vm: Option<VmId>,
    /// Those in this zone.
    pub zone: Option<ZoneId>,
    /// Those on this pool.
    pub pool: Option<StoragePoolId>,
    /// Those on pools of this host.
    pub host: Option<HostId>,
    /// Those on pools of this pod.
    pub pod: Option<PodId>,
    /// Those on pools of this cluster.
    pub cluster: Option<ClusterId>,
    /// Those of this size.
    pub disk_offering: Option<DiskOfferingId>,
    /// Root volumes of VMs of this size.
    pub service_offering: Option<ServiceOfferingId>,
    /// Those with one of these tags, each a key and a value.
    pub tags: Vec<(String, String)>,
    /// Those whose name contains this.
    pub keyword: Option<String>,
}

/// Volumes in the order in which they were made.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn volume_list(
    tx: &Tx<'_>,
    filter: &VolumeFilter,
    scope: &Scope,
    page: Page,
) -> Result<Listed<VolumeView>, StoreError> {
    let listed = if filter.state.is_some() { "v.removed IS NULL" } else { LIVING };
    volumes()
        .narrow(NARROW)
        .only(listed)
        .scope(scope)
        .is("v.id", filter.id)
        .any("v.id", &filter.ids)
        .is("v.name", filter.name.as_deref())
        .filter("v.kind = ? COLLATE NOCASE", filter.kind.clone())
        .is("v.state", filter.state)
        .is("v.vm", filter.vm)
        .is("v.zone", filter.zone)
        .tagged("v.id", &filter.tags)
        .is("v.pool", filter.pool)
        .is("p.host", filter.host)
        .is("p.pod", filter.pod)
        .is("p.cluster", filter.cluster)
        .is("v.disk_offering", filter.disk_offering)
        .is("v.kind = 'ROOT' AND vm.offering", filter.service_offering)
        .keyword(&["v.name"], filter.keyword.as_deref())
        .list(tx, "list volumes", page, read)
}

/// What filters may name.
const NARROW: Narrow = Narrow {
    table: "volume v",
    key: "v.number",
    owner: "v.account",
    tally: None,
    joins: &[
        ("vm", "LEFT JOIN vm ON vm.id = v.vm"),
        ("p", "LEFT JOIN storage_pool p ON p.id = v.pool"),
    ],
};

/// What is being deleted is only shown to those who ask for it.
const LIVING: &str = "v.removed IS NULL AND v.state <> 'Expunging'";

fn volumes() -> Query {
    Query::new(
        concat!(
            "v.*, a.name AS account_name, d.id AS domain, d.name AS domain_name, d.path AS domain_path,
         z.name AS zone_name, vm.host_name AS vm_name, vm.display_name AS vm_display_name,
         vm.state AS vm_state, vm.offering, o.name AS offering_name, t.name AS template_name,
         t.display_text AS template_text, p.name AS pool_name, p.pod AS pod, pod.name AS pod_name,
         p.cluster AS cluster, cluster.name AS cluster_name, k.name AS disk_name, k.display_text AS disk_text,
         coalesce(k.terms, iif(v.kind = 'ROOT', o.disk_terms, NULL), '{}') AS terms,
         coalesce(t.is_extractable, 1) AS is_extractable,
         (SELECT iif(f.sha256 IS NULL, 'UploadOp', 'Uploaded') FROM staged_file f
          WHERE f.volume = v.id AND f.purpose = 'Fetched') AS upload,
         j.id AS job_id, j.state AS job_state, ",
             tags_column!("v.id")
         ),
        "volume v JOIN account a ON a.id = v.account JOIN domain d ON d.id = a.domain
         JOIN zone z ON z.id = v.zone LEFT JOIN vm ON vm.id = v.vm
         LEFT JOIN service_offering o ON o.id = vm.offering LEFT JOIN template t ON t.id = v.template
         LEFT JOIN storage_pool p ON p.id = v.pool LEFT JOIN pod ON pod.id = p.pod
         LEFT JOIN cluster ON cluster.id = p.cluster LEFT JOIN disk_offering k ON k.id = v.disk_offering
         LEFT JOIN job j ON j.id = v.job AND j.finished IS NULL",
        "v.number",
    )
}

/// One volume, also one that was deleted.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn volume_view(tx: &Tx<'_>, id: VolumeId) -> Result<VolumeView, StoreError> {
    let listed = volumes().is("v.id", Some(id)).list(tx, "read a volume", Page::default(), read)?;
    let found = listed.rows.into_iter().next();
    found.ok_or_else(|| StoreError::NotFound { what: "volume", id: id.to_string() })
}

fn read(row: &Row<'_>) -> rusqlite::Result<VolumeView> {
    Ok(VolumeView {
        id: parsed(row, "id")?,
        name: row.get("name")?,
        kind: row.get("kind")?,
        device: row.get("device")?,
        size: Bytes(amount(row, "size")?),
        state: parsed(row, "state")?,
        upload: row.get("upload")?,
        is_extractable: row.get("is_extractable")?,
        account: parsed(row, "account")?,
        account_name: row.get("account_name")?,
        domain: parsed(row, "domain")?,
        domain_name: row.get("domain_name")?,
        domain_path: row.get("domain_path")?,
        zone: parsed(row, "zone")?,
        zone_name: row.get("zone_name")?,
        vm: parsed_or_null(row, "vm")?,
        vm_name: row.get("vm_name")?,
        vm_display_name: row.get("vm_display_name")?,
        vm_state: row.get("vm_state")?,
        offering: parsed_or_null(row, "offering")?,
        offering_name: row.get("offering_name")?,
        template: parsed_or_null(row, "template")?,
        template_name: row.get("template_name")?,
        template_text: row.get("template_text")?,
        pool: parsed_or_null(row, "pool")?,
        pool_name: row.get("pool_name")?,
        path: row.get("path")?,
        pod: named(row, "pod", "pod_name")?,
        cluster: named(row, "cluster", "cluster_name")?,
        disk_offering: match named(row, "disk_offering", "disk_name")? {
            Some((id, name)) => Some((id, name, row.get("disk_text")?)),
            None => None,
        },
        terms: json(row, "terms")?,
        attached: time_or_null(row, "attached")?,
        job: parsed_or_null(row, "job_id")?.zip(parsed_or_null(row, "job_state")?),
        created: time(row, "created")?,
        tags: json(row, "tags")?,
    })
}

/// An id with the name of what it names.
fn named<T: std::str::FromStr>(
    row: &Row<'_>,
    id: &str,
    name: &str,
) -> rusqlite::Result<Option<(T, String)>>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    Ok(parsed_or_null(row, id)?.zip(row.get(name)?))
}
