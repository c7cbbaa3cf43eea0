//! Volumes as they are listed, with the names of all that a volume refers to.
//!
//! Not here: the life of a volume (`volume`).

use hostler_model::{
    AccountId, Bytes, DomainId, HostId, ServiceOfferingId, StoragePoolId, TemplateId, Timestamp,
    VmId, VolumeId, VolumeState, ZoneId,
};
use rusqlite::Row;

use crate::columns::{amount, json, parsed, parsed_or_null, time};
use crate::listing::{Listed, Page, Query, Scope};
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
    Query::new(
        concat!(
            "v.*, a.name AS account_name, d.id AS domain, d.name AS domain_name, d.path AS domain_path,
         z.name AS zone_name, vm.host_name AS vm_name, vm.display_name AS vm_display_name,
         vm.state AS vm_state, vm.offering, o.name AS offering_name, t.name AS template_name,
         t.display_text AS template_text, p.name AS pool_name, ",
            tags_column!("v.id")
        ),
        "volume v JOIN account a ON a.id = v.account JOIN domain d ON d.id = a.domain
         JOIN zone z ON z.id = v.zone LEFT JOIN vm ON vm.id = v.vm
         LEFT JOIN service_offering o ON o.id = vm.offering LEFT JOIN template t ON t.id = v.template
         LEFT JOIN storage_pool p ON p.id = v.pool",
        "v.number",
    )
    .only("v.removed IS NULL")
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
    .keyword(&["v.name"], filter.keyword.as_deref())
    .list(tx, "list volumes", page, read)
}

fn read(row: &Row<'_>) -> rusqlite::Result<VolumeView> {
    Ok(VolumeView {
        id: parsed(row, "id")?,
        name: row.get("name")?,
        kind: row.get("kind")?,
        device: row.get("device")?,
        size: Bytes(amount(row, "size")?),
        state: parsed(row, "state")?,
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
        created: time(row, "created")?,
        tags: json(row, "tags")?,
    })
}
