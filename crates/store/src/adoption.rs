//! Table `adoption`: libvirt domains that somebody else made and that became VMs.

use hostler_model::{AccountId, Bytes, HostId, StoragePoolId, TemplateId, Timestamp, VmId};
use rusqlite::params;
use uuid::Uuid;

use crate::columns::{amount, parsed};
use crate::{StoreError, Tx};

/// A libvirt domain that becomes a VM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdoptionRow {
    /// The VM.
    pub vm: VmId,
    /// The host that has the domain.
    pub host: HostId,
    /// Its UUID.
    pub domain: Uuid,
    /// Its name; any text.
    pub name: String,
    /// Its machine type.
    pub machine: String,
}

/// Records that a domain becomes a VM.
///
/// # Errors
/// [`StoreError::Taken`] if it is one already.
pub fn adoption_add(tx: &Tx<'_>, row: &AdoptionRow, now: Timestamp) -> Result<(), StoreError> {
    let added = tx.execute(
        "record an adoption",
        "INSERT INTO adoption (vm, host, domain, name, machine, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            row.vm.to_string(),
            row.host.to_string(),
            row.domain.to_string(),
            row.name,
            row.machine,
            now.0,
        ],
    );
    match added {
        Err(e) if e.is_unique_violation() => Err(StoreError::Taken(format!(
            "libvirt domain {} ({}) is a virtual machine of this cloud already",
            row.name, row.domain
        ))),
        other => other.map(drop),
    }
}

/// The domain that became this VM, if it is one that was adopted and not released.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn adoption_of(tx: &Tx<'_>, vm: VmId) -> Result<Option<AdoptionRow>, StoreError> {
    tx.row(
        "read an adoption",
        "SELECT * FROM adoption WHERE vm = ?1 AND ended IS NULL",
        params![vm.to_string()],
        |row| {
            Ok(AdoptionRow {
                vm: parsed(row, "vm")?,
                host: parsed(row, "host")?,
                domain: parsed(row, "domain")?,
                name: row.get("name")?,
                machine: row.get("machine")?,
            })
        },
    )
}

/// What VMs that were adopted are made from: a template that nobody can choose, because there is no image of it.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn template_of_adopted(
    tx: &Tx<'_>,
    arch: &str,
    account: AccountId,
    now: Timestamp,
) -> Result<TemplateId, StoreError> {
    const URL: &str = "hostler:adopted";
    let known = tx.row(
        "look for the template of adopted VMs",
        "SELECT id FROM template WHERE url = ?1 AND arch = ?2",
        params![URL, arch],
        |row| parsed(row, "id"),
    )?;
    if let Some(id) = known {
        return Ok(id);
    }
    let id = TemplateId::new(Uuid::new_v4());
    tx.execute(
        "record the template of adopted VMs",
        "INSERT INTO template (id, account, name, display_text, url, format, os, arch, state, created, removed)
         VALUES (?1, ?2, 'adopted', 'a disk that was there before this cloud', ?3, 'QCOW2', 'Other', ?4, 'Ready', ?5, ?5)",
        params![id.to_string(), account.to_string(), URL, arch, now.0],
    )?;
    Ok(id)
}

/// The name of the volume that a file of a pool is, if it is one.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn volume_at(
    tx: &Tx<'_>,
    pool: StoragePoolId,
    path: &str,
) -> Result<Option<String>, StoreError> {
    tx.row(
        "look for a file among the volumes",
        "SELECT name FROM volume WHERE pool = ?1 AND path = ?2 AND removed IS NULL",
        params![pool.to_string(), path],
        |row| row.get("name"),
    )
}

/// Checks that a pool can be promised so much more, of which it holds a part already.
///
/// # Errors
/// [`StoreError::Exhausted`] if all its volumes together would be larger than it is.
pub fn pool_require_promise(
    tx: &Tx<'_>,
    pool: StoragePoolId,
    more: Bytes,
) -> Result<(), StoreError> {
    let fits = tx.row(
        "add up what a pool is promised to",
        "SELECT p.name AS name, p.capacity AS capacity, (SELECT coalesce(sum(size), 0) FROM volume
             WHERE volume.pool = p.id AND volume.removed IS NULL) AS promised
         FROM storage_pool p WHERE p.id = ?1 AND p.removed IS NULL",
        params![pool.to_string()],
        |row| {
            let (capacity, promised) = (amount(row, "capacity")?, amount(row, "promised")?);
            Ok((row.get::<_, String>("name")?, Bytes(capacity), Bytes(promised)))
        },
    )?;
    match fits {
        Some((_, capacity, promised)) if promised.0.saturating_add(more.0) <= capacity.0 => Ok(()),
        Some((name, capacity, promised)) => Err(StoreError::Exhausted(format!(
            "storage pool {name} has {capacity}, of which {promised} are promised to volumes; {more} more do not fit"
        ))),
        None => Err(StoreError::Exhausted(format!("storage pool {pool} is gone"))),
    }
}
