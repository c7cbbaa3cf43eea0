//! Table `disk_offering`: the sizes of data volumes for sale.

use hostler_model::{
    AccountId, Bytes, DiskOfferingId, DiskTerms, DomainId, StoragePoolId, Timestamp, VmId,
    VolumeId, ZoneId,
};
use rusqlite::{Row, params};

use crate::columns::{json, parsed, stored, time, to_json};
use crate::listing::{Listed, Page, Query};
use crate::offering_scope::offered_in;
use crate::{StoreError, Tx};

/// A size of data volumes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskOfferingRow {
    /// Its id.
    pub id: DiskOfferingId,
    /// Its name.
    pub name: String,
    /// What it is, for buyers.
    pub display_text: String,
    /// How large its volumes are; nothing: chosen for each.
    pub size: Option<Bytes>,
    /// `local` or `shared`: where its volumes live.
    pub storage_type: String,
    /// Tags that a storage pool must have, separated by commas.
    pub tags: String,
    /// The domains that may use it, with those below them; none: all.
    pub domains: Vec<DomainId>,
    /// Whether users see it in lists of other products' portals.
    pub is_shown: bool,
    /// How fast its volumes may be, and whether hosts cache them.
    pub terms: DiskTerms,
    /// Place in lists: the largest first.
    pub sort_key: i64,
    /// `Active` or `Inactive`.
    pub state: String,
    /// Since when there has been one.
    pub created: Timestamp,
}

/// Which offerings to list.
#[derive(Debug, Clone, Default)]
pub struct DiskOfferingFilter {
    /// This one.
    pub id: Option<DiskOfferingId>,
    /// Those of this name.
    pub name: Option<String>,
    /// Those whose name or text contains this.
    pub keyword: Option<String>,
    /// Those in this state.
    pub state: Option<String>,
    /// Those with volumes there.
    pub storage_type: Option<String>,
    /// What this volume could change to: all but its own.
    pub not_of_volume: Option<VolumeId>,
    /// Those that the domain of this path may use.
    pub usable_in: Option<String>,
    /// Those that this account may use.
    pub usable_by: Option<AccountId>,
    /// Those that are for this domain and not for all.
    pub domain: Option<DomainId>,
    /// With `domain`: or for domains below it.
    pub with_domains_below: bool,
    /// Those whose tags this pool has.
    pub fits_pool: Option<StoragePoolId>,
    /// Those that this zone has.
    pub zone: Option<ZoneId>,
}

/// Rows that the domain of the path `?` may use.
const USABLE: &str = "(o.domains = '[]' OR EXISTS (
     SELECT 1 FROM json_each(o.domains) JOIN domain d ON d.id = value
     WHERE d.path = ? OR substr(?, 1, length(d.path) + 1) = d.path || '/'))";

/// Whether the pool `p` has all tags of the offering `o`.
const FITS: &str = "NOT EXISTS (
     SELECT 1 FROM json_each('[' || replace(json_quote(o.tags), ',', '\",\"') || ']') wanted
     WHERE trim(wanted.value) <> '' AND trim(wanted.value) NOT IN (
         SELECT trim(there.value) FROM json_each('[' || replace(json_quote(p.tags), ',', '\",\"') || ']') there))";

/// Adds an offering.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn disk_offering_add(tx: &Tx<'_>, row: &DiskOfferingRow) -> Result<(), StoreError> {
    tx.execute(
        "record a disk offering",
        "INSERT INTO disk_offering (id, name, display_text, size, storage_type, tags, domains, is_shown, sort_key,
             state, created, terms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        params![
            row.id.to_string(),
            row.name,
            row.display_text,
            row.size.map(|size| stored(size.0)),
            row.storage_type,
            row.tags,
            to_json(&row.domains),
            row.is_shown,
            row.sort_key,
            row.state,
            row.created.0,
            to_json(&row.terms),
        ],
    )?;
    Ok(())
}

/// An offering that is for sale, or was taken off sale; not one that was deleted.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn disk_offering_get(tx: &Tx<'_>, id: DiskOfferingId) -> Result<DiskOfferingRow, StoreError> {
    let sql = "SELECT o.* FROM disk_offering o WHERE id = ?1 AND removed IS NULL";
    tx.row("read a disk offering", sql, params![id.to_string()], read)?
        .ok_or_else(|| StoreError::NotFound { what: "disk offering", id: id.to_string() })
}

/// Changes what can be changed of an offering: all but size and id.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn disk_offering_set(tx: &Tx<'_>, row: &DiskOfferingRow) -> Result<(), StoreError> {
    let changed = tx.execute(
        "change a disk offering",
        "UPDATE disk_offering SET name = ?2, display_text = ?3, tags = ?4, domains = ?5, is_shown = ?6,
             sort_key = ?7, state = ?8, terms = ?9
         WHERE id = ?1 AND removed IS NULL",
        params![
            row.id.to_string(),
            row.name,
            row.display_text,
            row.tags,
            to_json(&row.domains),
            row.is_shown,
            row.sort_key,
            row.state,
            to_json(&row.terms),
        ],
    )?;
    found(changed, row.id)
}

/// Takes an offering off sale for ever. Volumes of it live on.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn disk_offering_remove(
    tx: &Tx<'_>,
    id: DiskOfferingId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let changed = tx.execute(
        "remove a disk offering",
        "UPDATE disk_offering SET removed = ?2 WHERE id = ?1 AND removed IS NULL",
        params![id.to_string(), now.0],
    )?;
    found(changed, id)
}

fn found(changed: usize, id: DiskOfferingId) -> Result<(), StoreError> {
    if changed == 0 {
        return Err(StoreError::NotFound { what: "disk offering", id: id.to_string() });
    }
    Ok(())
}

/// Offerings, those with the largest sort key first, then in the order in which they were made.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn disk_offering_list(
    tx: &Tx<'_>,
    filter: &DiskOfferingFilter,
    page: Page,
) -> Result<Listed<DiskOfferingRow>, StoreError> {
    let of_domain = if filter.with_domains_below {
        "EXISTS (SELECT 1 FROM json_each(o.domains) JOIN domain d ON d.id = value JOIN domain above ON above.id = ?
            WHERE d.path = above.path OR substr(d.path, 1, length(above.path) + 1) = above.path || '/')"
    } else {
        "? IN (SELECT value FROM json_each(o.domains))"
    };
    Query::new("o.*", "disk_offering o", "o.sort_key DESC, o.created, o.id")
        .only("o.removed IS NULL")
        .is("o.id", filter.id)
        .is("o.name", filter.name.as_deref())
        .is("o.state", filter.state.as_deref())
        .is("o.storage_type", filter.storage_type.as_deref())
        .filter(
            "o.id NOT IN (SELECT disk_offering FROM volume WHERE id = ? AND disk_offering IS NOT NULL)",
            filter.not_of_volume.map(|id| id.to_string()),
        )
        .filter(USABLE, filter.usable_in.clone())
        .filter(
            "(o.domains = '[]' OR EXISTS (SELECT 1 FROM json_each(o.domains) JOIN domain d ON d.id = value
                JOIN account a ON a.id = ? JOIN domain own ON own.id = a.domain
                WHERE d.path = own.path OR substr(own.path, 1, length(d.path) + 1) = d.path || '/'))",
            filter.usable_by.map(|id| id.to_string()),
        )
        .filter(of_domain, filter.domain.map(|id| id.to_string()))
        .filter(
            &format!("EXISTS (SELECT 1 FROM storage_pool p WHERE p.id = ? AND {FITS})"),
            filter.fits_pool.map(|id| id.to_string()),
        )
        .filter(&offered_in("o.id", "?"), filter.zone.map(|id| id.to_string()))
        .keyword(&["o.name", "o.display_text"], filter.keyword.as_deref())
        .list(tx, "list disk offerings", page, read)
}

/// The offerings of which a VM could have a volume: a pool that it can be on has their tags.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn disk_offerings_for_vm(tx: &Tx<'_>, vm: VmId) -> Result<Vec<DiskOfferingId>, StoreError> {
    // a VM of which a volume is written is bound to the host of that volume's pool
    let sql = format!(
        "SELECT o.id FROM vm JOIN disk_offering o WHERE vm.id = ?1 AND o.removed IS NULL AND EXISTS (
             SELECT 1 FROM storage_pool p WHERE p.zone = vm.zone AND p.removed IS NULL AND p.state = 'Up'
             AND (p.host IS NULL OR NOT EXISTS (
                 SELECT 1 FROM volume v JOIN storage_pool bound ON bound.id = v.pool
                 WHERE v.vm = vm.id AND v.removed IS NULL AND bound.host <> p.host))
             AND {FITS})"
    );
    tx.rows("look for offerings that suit a VM", &sql, params![vm.to_string()], |row| {
        parsed(row, "id")
    })
}

/// An offering by its id, if it is for sale in the domain of that path.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn disk_offering_for_sale(
    tx: &Tx<'_>,
    id: DiskOfferingId,
    domain_path: Option<&str>,
) -> Result<Option<DiskOfferingRow>, StoreError> {
    let filter = DiskOfferingFilter {
        id: Some(id),
        state: Some("Active".to_owned()),
        usable_in: domain_path.map(str::to_owned),
        ..DiskOfferingFilter::default()
    };
    Ok(disk_offering_list(tx, &filter, Page::default())?.rows.into_iter().next())
}

fn read(row: &Row<'_>) -> rusqlite::Result<DiskOfferingRow> {
    Ok(DiskOfferingRow {
        id: parsed(row, "id")?,
        name: row.get("name")?,
        display_text: row.get("display_text")?,
        size: row
            .get::<_, Option<i64>>("size")?
            .map(|size| Bytes(u64::try_from(size).unwrap_or(0))),
        storage_type: row.get("storage_type")?,
        tags: row.get("tags")?,
        domains: json(row, "domains")?,
        is_shown: row.get("is_shown")?,
        terms: json(row, "terms")?,
        sort_key: row.get("sort_key")?,
        state: row.get("state")?,
        created: time(row, "created")?,
    })
}
