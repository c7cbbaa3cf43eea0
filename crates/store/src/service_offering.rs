//! Table `service_offering`: the sizes of VMs for sale.

use std::collections::BTreeMap;

use hostler_model::{
    AccountId, Bytes, DiskTerms, DomainId, Mhz, Mib, ServiceOfferingId, TemplateId, Timestamp,
    VmId, ZoneId,
};
use rusqlite::{Row, params};

use crate::columns::{amount, json, parsed, stored, time, to_json};
use crate::listing::{Listed, Page, Query};
use crate::offering_scope::{
    columns, offered_in, offered_to, offering_set_domains, offering_set_zones, scope_value,
};
use crate::scope::Scope;
use crate::{StoreError, Tx};

/// A size of VMs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceOfferingRow {
    /// Its id.
    pub id: ServiceOfferingId,
    /// Its name.
    pub name: String,
    /// What it is, for buyers.
    pub display_text: String,
    /// How many CPUs.
    pub cpus: u32,
    /// How fast each of them is.
    pub cpu_speed: Mhz,
    /// How much memory.
    pub memory: Mib,
    /// Whether a VM gets no more than that even when CPUs are idle.
    pub limit_cpu: bool,
    /// `local` or `shared`: where volumes live.
    pub storage_type: String,
    /// How large the root volume is; nothing means as large as the template.
    pub root_size: Option<Bytes>,
    /// Tags that a host must have, separated by commas.
    pub host_tags: String,
    /// Tags that a storage pool must have, separated by commas.
    pub tags: String,
    /// Who may use it, where, and what else is agreed.
    pub terms: OfferingTerms,
    /// Since when there has been one.
    pub created: Timestamp,
}

/// What is agreed about an offering beside its size.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OfferingTerms {
    /// Fewest and most CPUs that a caller may choose, where the offering leaves them open.
    pub cpu_bounds: (Option<u32>, Option<u32>),
    /// Least and most memory that a caller may choose, where the offering leaves it open.
    pub memory_bounds: (Option<Mib>, Option<Mib>),
    /// Whether no new VMs are made of it.
    pub is_inactive: bool,
    /// Lists show the largest first.
    pub sort_key: i64,
    /// Whether its VMs are to be restarted elsewhere when their host is gone.
    pub ha: bool,
    /// How fast root volumes may be, and whether hosts cache them.
    pub disks: DiskTerms,
    /// Choices that few need.
    pub details: BTreeMap<String, String>,
    /// The domains that it is for, each with its path; none: all.
    pub domains: Vec<(DomainId, String)>,
    /// The zones that it is for, each with its name; none: all.
    pub zones: Vec<(ZoneId, String)>,
}

impl ServiceOfferingRow {
    /// Whether its size is chosen at deployment, wholly or in part.
    pub fn is_custom(&self) -> bool {
        self.cpus == 0 || self.memory.0 == 0
    }
}

/// Which offerings to list.
#[derive(Debug, Clone, Default)]
pub struct ServiceOfferingFilter {
    /// This one.
    pub id: Option<ServiceOfferingId>,
    /// Those of this name.
    pub name: Option<String>,
    /// What this VM could change to: all but its own that its zone has.
    pub not_of_vm: Option<VmId>,
    /// Those with so many CPUs.
    pub cpus: Option<u32>,
    /// Those with so much memory.
    pub memory: Option<Mib>,
    /// Those with CPUs this fast.
    pub cpu_speed: Option<Mhz>,
    /// Those with volumes there.
    pub storage_type: Option<String>,
    /// Those that this zone has.
    pub zone: Option<ZoneId>,
    /// Those that only this domain has, or that it shares with some others.
    pub domain: Option<DomainId>,
    /// Those that this account may use.
    pub usable_by: Option<AccountId>,
    /// Those whose root volumes are large enough for this template.
    pub template: Option<TemplateId>,
    /// Those of which new VMs are made, or those of which none are; nothing: both.
    pub is_active: Option<bool>,
    /// Those whose name or text contains this.
    pub keyword: Option<String>,
}

/// Adds an offering.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn service_offering_add(tx: &Tx<'_>, row: &ServiceOfferingRow) -> Result<(), StoreError> {
    tx.execute(
        "record a service offering",
        "INSERT INTO service_offering (id, name, display_text, cpus, cpu_mhz, memory_mib, limit_cpu,
             storage_type, root_size, host_tags, tags, min_cpus, max_cpus, min_memory_mib, max_memory_mib,
             sort_key, ha, details, created, disk_terms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
        params![
            row.id.to_string(),
            row.name,
            row.display_text,
            row.cpus,
            stored(row.cpu_speed.0),
            stored(row.memory.0),
            row.limit_cpu,
            row.storage_type,
            row.root_size.map(|size| stored(size.0)),
            row.host_tags,
            row.tags,
            row.terms.cpu_bounds.0,
            row.terms.cpu_bounds.1,
            row.terms.memory_bounds.0.map(|memory| stored(memory.0)),
            row.terms.memory_bounds.1.map(|memory| stored(memory.0)),
            row.terms.sort_key,
            row.terms.ha,
            to_json(&row.terms.details),
            row.created.0,
            to_json(&row.terms.disks),
        ],
    )?;
    restrict(tx, row)
}

/// Changes what may be changed of an offering that is for sale.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn service_offering_update(tx: &Tx<'_>, row: &ServiceOfferingRow) -> Result<(), StoreError> {
    let changed = tx.execute(
        "change a service offering",
        "UPDATE service_offering SET name = ?2, display_text = ?3, host_tags = ?4, tags = ?5, state = ?6,
             sort_key = ?7
         WHERE id = ?1 AND removed IS NULL",
        params![
            row.id.to_string(),
            row.name,
            row.display_text,
            row.host_tags,
            row.tags,
            if row.terms.is_inactive { "Inactive" } else { "Active" },
            row.terms.sort_key,
        ],
    )?;
    if changed == 0 {
        return Err(StoreError::NotFound { what: "service offering", id: row.id.to_string() });
    }
    restrict(tx, row)
}

fn restrict(tx: &Tx<'_>, row: &ServiceOfferingRow) -> Result<(), StoreError> {
    let domains: Vec<_> = row.terms.domains.iter().map(|(id, _)| *id).collect();
    let zones: Vec<_> = row.terms.zones.iter().map(|(id, _)| *id).collect();
    offering_set_domains(tx, row.id.uuid(), &domains)?;
    offering_set_zones(tx, row.id.uuid(), &zones)
}

/// One offering that is for sale.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn service_offering_get(
    tx: &Tx<'_>,
    id: ServiceOfferingId,
) -> Result<ServiceOfferingRow, StoreError> {
    let filter = ServiceOfferingFilter { id: Some(id), ..ServiceOfferingFilter::default() };
    service_offering_list(tx, &filter, &Scope::All, Page::default())?
        .rows
        .pop()
        .ok_or_else(|| StoreError::NotFound { what: "service offering", id: id.to_string() })
}

/// Whether there ever was an offering.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn service_offering_ever(tx: &Tx<'_>) -> Result<bool, StoreError> {
    let first = "SELECT 1 FROM service_offering LIMIT 1";
    Ok(tx.row("look for service offerings", first, &[], |_| Ok(()))?.is_some())
}

/// Takes an offering off sale. VMs of it live on.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn service_offering_remove(
    tx: &Tx<'_>,
    id: ServiceOfferingId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let changed = tx.execute(
        "remove a service offering",
        "UPDATE service_offering SET removed = ?2 WHERE id = ?1 AND removed IS NULL",
        params![id.to_string(), now.0],
    )?;
    if changed == 0 {
        return Err(StoreError::NotFound { what: "service offering", id: id.to_string() });
    }
    Ok(())
}

/// Offerings for sale that are for `scope`, smallest first.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn service_offering_list(
    tx: &Tx<'_>,
    filter: &ServiceOfferingFilter,
    scope: &Scope,
    page: Page,
) -> Result<Listed<ServiceOfferingRow>, StoreError> {
    let columns = format!("o.*, {}", columns("o.id"));
    let order = "o.sort_key DESC, o.cpus, o.memory_mib, o.name, o.id";
    let (vm, zone) =
        (filter.not_of_vm.map(|id| id.to_string()), filter.zone.map(|id| id.to_string()));
    let of_its_zone = offered_in("o.id", "(SELECT zone FROM vm WHERE id = ?)");
    let shown_to = offered_to("o.id", scope, "?");
    let user = filter.usable_by.map(Scope::Account);
    let for_account = user.and_then(|user| offered_to("o.id", &user, "?")).unwrap_or_default();
    Query::new(columns, "service_offering o", order)
        .only("o.removed IS NULL")
        .is("o.id", filter.id)
        .is("o.name", filter.name.as_deref())
        .filter("o.id NOT IN (SELECT offering FROM vm WHERE id = ?)", vm.clone())
        .filter(&of_its_zone, vm)
        .filter(&offered_in("o.id", "?"), zone)
        .filter(shown_to.as_deref().unwrap_or("?"), shown_to.is_some().then(|| scope_value(scope)))
        .filter(
            "o.id IN (SELECT offering FROM offering_domain WHERE domain = ?)",
            filter.domain.map(|id| id.to_string()),
        )
        .filter(&for_account, filter.usable_by.map(|id| id.to_string()))
        .filter(
            "(o.root_size IS NULL
                OR o.root_size >= coalesce((SELECT virtual_size FROM template WHERE id = ?), 0))",
            filter.template.map(|id| id.to_string()),
        )
        .filter("(o.state = 'Active') = ?", filter.is_active)
        .filter(
            "(o.cpus = ? OR o.cpus = 0 AND ? BETWEEN coalesce(o.min_cpus, 1) AND coalesce(o.max_cpus, 255))",
            filter.cpus,
        )
        .filter(
            "(o.memory_mib = ? OR o.memory_mib = 0
                AND ? BETWEEN coalesce(o.min_memory_mib, 0) AND coalesce(o.max_memory_mib, 9e18))",
            filter.memory.map(|memory| stored(memory.0)),
        )
        .filter("o.cpu_mhz IN (?, 0)", filter.cpu_speed.map(|speed| stored(speed.0)))
        .is("o.storage_type", filter.storage_type.as_deref())
        .keyword(&["o.name", "o.display_text"], filter.keyword.as_deref())
        .list(tx, "list service offerings", page, read)
}

fn read(row: &Row<'_>) -> rusqlite::Result<ServiceOfferingRow> {
    Ok(ServiceOfferingRow {
        id: parsed(row, "id")?,
        name: row.get("name")?,
        display_text: row.get("display_text")?,
        cpus: row.get("cpus")?,
        cpu_speed: Mhz(amount(row, "cpu_mhz")?),
        memory: Mib(amount(row, "memory_mib")?),
        limit_cpu: row.get("limit_cpu")?,
        storage_type: row.get("storage_type")?,
        root_size: row
            .get::<_, Option<i64>>("root_size")?
            .map(|size| Bytes(u64::try_from(size).unwrap_or(0))),
        host_tags: row.get("host_tags")?,
        tags: row.get("tags")?,
        terms: OfferingTerms {
            cpu_bounds: (row.get("min_cpus")?, row.get("max_cpus")?),
            memory_bounds: (
                mib_or_null(row, "min_memory_mib")?,
                mib_or_null(row, "max_memory_mib")?,
            ),
            is_inactive: row.get::<_, String>("state")? != "Active",
            sort_key: row.get("sort_key")?,
            ha: row.get("ha")?,
            disks: json(row, "disk_terms")?,
            details: json(row, "details")?,
            domains: json(row, "offered_domains")?,
            zones: json(row, "offered_zones")?,
        },
        created: time(row, "created")?,
    })
}

fn mib_or_null(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Mib>> {
    let number: Option<i64> = row.get(column)?;
    Ok(number.and_then(|number| u64::try_from(number).ok()).map(Mib))
}
