//! Tables `template` and `template_copy`: templates on secondary storage, and their copies on pools.

use hostler_model::{
    AccountId, Bytes, CopyState, HostGuid, HostId, StoragePoolId, TemplateEvent, TemplateId,
    TemplateState, Timestamp, Version, ZoneId,
};
use rusqlite::{Row, params};

use crate::columns::{amount, parsed, parsed_or_null, stored, to_json};
use crate::{StoreError, Tx};

/// A template as it is recorded, as far as jobs need it.
#[derive(Debug, Clone)]
pub struct TemplateRow {
    /// Its id.
    pub id: TemplateId,
    /// Whose it is.
    pub account: AccountId,
    /// The zone that it is for; nothing: all.
    pub zone: Option<ZoneId>,
    /// Its name.
    pub name: String,
    /// Where it came from; empty: it was made from a volume.
    pub url: String,
    /// `QCOW2` or `RAW`.
    pub format: String,
    /// What the guest is, by the names of `GuestOs`.
    pub os: String,
    /// What it must hash to.
    pub checksum: Option<String>,
    /// Where it is in its life.
    pub state: TemplateState,
    /// How often the row was changed.
    pub version: Version,
    /// The image worker that has it.
    pub worker: Option<HostId>,
    /// Size of the file.
    pub size: Option<Bytes>,
    /// How large a guest sees it.
    pub virtual_size: Option<Bytes>,
    /// SHA-256 of the file.
    pub sha256: Option<String>,
    /// Whether a VM can start from it.
    pub bootable: bool,
}

impl TemplateRow {
    /// Whether it is for drives, not for volumes.
    pub fn is_iso(&self) -> bool {
        self.format == "ISO"
    }
}

/// What is said of a template's guests.
#[derive(Debug, Clone)]
pub struct TemplateChoices {
    /// The kind of guest that was named; nothing: the general one of its `os`.
    pub os_type: Option<uuid::Uuid>,
    /// The tag that hosts of its VMs must have; empty: none.
    pub host_tag: String,
    /// Whether a VM can start from it.
    pub bootable: bool,
    /// Whether its VMs' passwords can be reset.
    pub password_enabled: bool,
    /// Whether its VMs take SSH keys.
    pub ssh_key_enabled: bool,
    /// Whether its VMs can change size while they run.
    pub dynamically_scalable: bool,
    /// Whether it needs a CPU that helps.
    pub requires_hvm: bool,
}

impl Default for TemplateChoices {
    fn default() -> Self {
        Self {
            os_type: None,
            host_tag: String::new(),
            bootable: true,
            password_enabled: false,
            ssh_key_enabled: true,
            dynamically_scalable: false,
            requires_hvm: true,
        }
    }
}

/// A template that is to be recorded; it begins `Registered`.
#[derive(Debug, Clone)]
pub struct NewTemplate {
    /// Its id.
    pub id: TemplateId,
    /// Whose it is.
    pub account: AccountId,
    /// The zone that it is for; nothing: all.
    pub zone: Option<ZoneId>,
    /// Its name.
    pub name: String,
    /// Any text.
    pub display_text: String,
    /// `http`, `https` or `file`; empty: it is made from a volume.
    pub url: String,
    /// `QCOW2` or `RAW`.
    pub format: String,
    /// What the guest is, by the names of `GuestOs`.
    pub os: String,
    /// Machine architecture.
    pub arch: String,
    /// What it must hash to.
    pub checksum: Option<String>,
    /// Whether every account may use it.
    pub is_public: bool,
    /// Whether it is shown first.
    pub is_featured: bool,
    /// Whether its bytes may be had.
    pub is_extractable: bool,
    /// What is said of its guests.
    pub choices: TemplateChoices,
    /// Choices that few need.
    pub details: std::collections::BTreeMap<String, String>,
}

fn read_template(row: &Row<'_>) -> rusqlite::Result<TemplateRow> {
    let bytes = |column| {
        row.get::<_, Option<i64>>(column).map(|n| n.and_then(|n| u64::try_from(n).ok()).map(Bytes))
    };
    Ok(TemplateRow {
        id: parsed(row, "id")?,
        account: parsed(row, "account")?,
        zone: parsed_or_null(row, "zone")?,
        name: row.get("name")?,
        url: row.get("url")?,
        format: row.get("format")?,
        os: row.get("os")?,
        checksum: row.get("checksum")?,
        state: parsed(row, "state")?,
        version: Version(row.get("version")?),
        worker: parsed_or_null(row, "worker")?,
        size: bytes("size")?,
        virtual_size: bytes("virtual_size")?,
        sha256: row.get("sha256")?,
        bootable: row.get("bootable")?,
    })
}

/// Records a template.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn template_add(tx: &Tx<'_>, new: &NewTemplate, now: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "record a template",
        "INSERT INTO template (id, account, zone, name, display_text, url, format, os, arch, checksum, is_public,
             is_featured, is_extractable, state, details, created, os_type, host_tag, bootable, password_enabled,
             ssh_key_enabled, dynamically_scalable, requires_hvm)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 'Registered', ?14, ?15, ?16, ?17, ?18,
             ?19, ?20, ?21, ?22)",
        params![
            new.id.to_string(),
            new.account.to_string(),
            new.zone.map(|z| z.to_string()),
            new.name,
            new.display_text,
            new.url,
            new.format,
            new.os,
            new.arch,
            new.checksum,
            new.is_public,
            new.is_featured,
            new.is_extractable,
            to_json(&new.details),
            now.0,
            new.choices.os_type.map(|id| id.to_string()),
            new.choices.host_tag,
            new.choices.bootable,
            new.choices.password_enabled,
            new.choices.ssh_key_enabled,
            new.choices.dynamically_scalable,
            new.choices.requires_hvm,
        ],
    )?;
    Ok(())
}

/// One template that is not deleted.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn template_get(tx: &Tx<'_>, id: TemplateId) -> Result<TemplateRow, StoreError> {
    tx.row(
        "read a template",
        "SELECT id, account, zone, name, url, format, os, checksum, state, version, worker, size, virtual_size, sha256,
             bootable
         FROM template WHERE id = ?1 AND removed IS NULL",
        params![id.to_string()],
        read_template,
    )?
    .ok_or_else(|| StoreError::NotFound { what: "template", id: id.to_string() })
}

/// What an image worker found when it had fetched a template.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// Size of the file.
    pub size: Bytes,
    /// How large a guest sees it.
    pub virtual_size: Bytes,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// Moves a template along `event`, with what is known of it then.
///
/// # Errors
/// [`StoreError::Transition`]; [`StoreError::Stale`].
pub fn template_transition(
    tx: &Tx<'_>,
    template: &TemplateRow,
    event: TemplateEvent,
    worker: Option<HostId>,
    fetched: Option<&Fetched>,
    error: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let state = template.state.next(event)?;
    let removed = (state == TemplateState::Deleted).then_some(now.0);
    let changed = tx.execute(
        "record a template's new state",
        "UPDATE template SET state = ?3, version = version + 1, worker = coalesce(?4, worker), size = coalesce(?5, size),
             virtual_size = coalesce(?6, virtual_size), sha256 = coalesce(?7, sha256), error = ?8, removed = ?9,
             done = CASE WHEN ?5 IS NULL THEN done ELSE ?5 END, total = coalesce(?5, total)
         WHERE id = ?1 AND version = ?2",
        params![
            template.id.to_string(),
            template.version.0,
            state.as_str(),
            worker.map(|w| w.to_string()),
            fetched.map(|f| stored(f.size.0)),
            fetched.map(|f| stored(f.virtual_size.0)),
            fetched.map(|f| &f.sha256),
            error,
            removed,
        ],
    )?;
    if changed == 0 {
        return Err(StoreError::Stale {
            what: "template",
            id: template.id.to_string(),
            seen: template.version,
            there: Version(-1),
        });
    }
    Ok(())
}

/// Records how far a download is.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn template_progress(
    tx: &Tx<'_>,
    id: TemplateId,
    done: Bytes,
    total: Option<Bytes>,
) -> Result<(), StoreError> {
    tx.execute(
        "record how far a download is",
        "UPDATE template SET done = ?2, total = coalesce(?3, total) WHERE id = ?1 AND state = 'Downloading'",
        params![id.to_string(), stored(done.0), total.map(|t| stored(t.0))],
    )?;
    Ok(())
}

/// VMs that are made from a template and not expunged.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn template_uses(tx: &Tx<'_>, id: TemplateId) -> Result<u64, StoreError> {
    tx.row(
        "count the VMs of a template",
        "SELECT count(*) AS n FROM vm WHERE template = ?1 AND removed IS NULL",
        params![id.to_string()],
        |row| amount(row, "n"),
    )
    .map(Option::unwrap_or_default)
}

/// VMs that have an ISO in their drive and are not made from it.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn iso_uses(tx: &Tx<'_>, id: TemplateId) -> Result<u64, StoreError> {
    tx.row(
        "count the VMs that have an ISO",
        "SELECT count(*) AS n FROM vm WHERE iso = ?1 AND template <> ?1 AND removed IS NULL",
        params![id.to_string()],
        |row| amount(row, "n"),
    )
    .map(Option::unwrap_or_default)
}

/// Records the copy of a template on a pool, or that it is complete.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn copy_set(
    tx: &Tx<'_>,
    template: TemplateId,
    pool: StoragePoolId,
    state: CopyState,
    size: Bytes,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "record a template's copy on a pool",
        "INSERT INTO template_copy (template, pool, state, size, changed) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (template, pool) DO UPDATE SET state = ?3, size = ?4, changed = ?5
         WHERE state <> ?3",
        params![template.to_string(), pool.to_string(), state.as_str(), stored(size.0), now.0],
    )?;
    Ok(())
}

/// The pools that have a copy of a template, with their hosts.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn copies_of(
    tx: &Tx<'_>,
    template: TemplateId,
) -> Result<Vec<(StoragePoolId, Option<HostId>)>, StoreError> {
    tx.rows(
        "read the copies of a template",
        "SELECT template_copy.pool AS pool, storage_pool.host AS host FROM template_copy
         JOIN storage_pool ON storage_pool.id = template_copy.pool WHERE template = ?1",
        params![template.to_string()],
        |row| Ok((parsed(row, "pool")?, parsed_or_null(row, "host")?)),
    )
}

/// Forgets the copies of a template.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn copies_remove(
    tx: &Tx<'_>,
    template: TemplateId,
    pool: StoragePoolId,
) -> Result<(), StoreError> {
    tx.execute(
        "forget a template's copy",
        "DELETE FROM template_copy WHERE template = ?1 AND pool = ?2",
        params![template.to_string(), pool.to_string()],
    )?;
    Ok(())
}

/// The image workers that may serve a zone; nothing: every zone.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn image_workers(tx: &Tx<'_>, zone: Option<ZoneId>) -> Result<Vec<HostId>, StoreError> {
    tx.rows(
        "find the image workers",
        "SELECT id FROM host WHERE kind = 'SecondaryStorage' AND removed IS NULL AND admin_state = 'Enabled'
             AND (?1 IS NULL OR zone = ?1) ORDER BY created",
        params![zone.map(|z| z.to_string())],
        |row| parsed(row, "id"),
    )
}

/// An image worker's guid and where it serves hosts; nothing: it is not in the cloud any more.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn image_worker(tx: &Tx<'_>, id: HostId) -> Result<Option<(HostGuid, String)>, StoreError> {
    let found = tx.row(
        "read where an image worker serves",
        "SELECT guid, serve_address FROM host WHERE id = ?1 AND removed IS NULL",
        params![id.to_string()],
        |row| Ok((parsed(row, "guid")?, row.get::<_, Option<String>>("serve_address")?)),
    )?;
    Ok(found.and_then(|(guid, address)| Some((guid, address?))))
}
