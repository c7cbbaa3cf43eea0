//! Table `staged_file`: files that image workers keep for volumes. A worker knows one as it knows a template, by its id.
//!
//! A file that was fetched for a volume is what its host writes the volume from; one that is given out is a copy of a
//! volume, and goes when its link ends.

use hostler_model::{
    AccountId, Bytes, DomainId, HostGuid, HostId, JobId, TemplateId, Timestamp, UserId, VolumeId,
};
use rusqlite::{Row, params};

use crate::columns::{amount, parsed, parsed_or_null, stored};
use crate::{StoreError, Tx};

/// What a file is kept for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A link leads to it.
    Given,
    /// Its volume is written from it.
    Fetched,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Given => "Given",
            Self::Fetched => "Fetched",
        }
    }
}

/// A complete file, and where hosts get it.
#[derive(Debug, Clone)]
pub struct StagedFile {
    /// Its id, by which its worker knows it.
    pub id: TemplateId,
    /// Its format: `QCOW2` or `RAW`.
    pub format: String,
    /// Its size.
    pub size: Bytes,
    /// How large a guest sees it.
    pub virtual_size: Bytes,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
    /// The worker that has it, and where that serves hosts; nothing: it is not in the cloud any more.
    pub worker: Option<(HostGuid, String)>,
}

/// A file that is not needed any more.
#[derive(Debug, Clone)]
pub struct Surplus {
    /// Its id.
    pub id: TemplateId,
    /// Whether a link led to it; else it was fetched.
    pub was_given: bool,
    /// The account of its volume.
    pub account: AccountId,
    /// That account's domain.
    pub domain: DomainId,
    /// Who asked for it.
    pub user: UserId,
}

/// A file that a worker is going to have.
#[derive(Debug, Clone)]
pub struct NewStagedFile {
    /// Its id.
    pub id: TemplateId,
    /// The volume that it is kept for.
    pub volume: VolumeId,
    /// What for.
    pub purpose: Purpose,
    /// The worker.
    pub worker: HostId,
    /// Who asked for it.
    pub user: UserId,
    /// Its format: `QCOW2` or `RAW`.
    pub format: String,
}

/// Records a file that a worker is going to have.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn staged_add(tx: &Tx<'_>, new: &NewStagedFile, now: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO staged_file (id, volume, purpose, worker, user, format, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let values = params![
        new.id.to_string(),
        new.volume.to_string(),
        new.purpose.as_str(),
        new.worker.to_string(),
        new.user.to_string(),
        new.format,
        now.0,
    ];
    tx.execute("record a file of an image worker", sql, values).map(drop)
}

/// Records that a file is complete.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn staged_complete(
    tx: &Tx<'_>,
    id: TemplateId,
    size: Bytes,
    virtual_size: Bytes,
    sha256: &str,
) -> Result<(), StoreError> {
    let changed = tx.execute(
        "record that a file of an image worker is complete",
        "UPDATE staged_file SET size = ?2, virtual_size = ?3, sha256 = ?4 WHERE id = ?1",
        params![id.to_string(), stored(size.0), stored(virtual_size.0), sha256],
    )?;
    there(changed, id)
}

/// Records when the link to a file ends.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn staged_until(tx: &Tx<'_>, id: TemplateId, until: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE staged_file SET until = ?2 WHERE id = ?1";
    there(tx.execute("record when a link ends", sql, params![id.to_string(), until.0])?, id)
}

/// Takes a file that is not needed any more for the job that removes it.
///
/// # Errors
/// [`StoreError::NotFound`].
pub fn staged_take(tx: &Tx<'_>, id: TemplateId, job: JobId) -> Result<(), StoreError> {
    let sql = "UPDATE staged_file SET job = ?2 WHERE id = ?1";
    there(tx.execute("take a file for a job", sql, params![id.to_string(), job.to_string()])?, id)
}

fn there(changed: usize, id: TemplateId) -> Result<(), StoreError> {
    if changed == 0 {
        return Err(StoreError::NotFound { what: "staged_file", id: id.to_string() });
    }
    Ok(())
}

/// The worker that has a file, while it is recorded and that worker is in the cloud.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn staged_worker(tx: &Tx<'_>, id: TemplateId) -> Result<Option<HostId>, StoreError> {
    tx.row(
        "read which image worker has a file",
        "SELECT h.id FROM staged_file f JOIN host h ON h.id = f.worker AND h.removed IS NULL WHERE f.id = ?1",
        params![id.to_string()],
        |row| parsed(row, "id"),
    )
}

/// Forgets a file. One that is not recorded is a success.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn staged_remove(tx: &Tx<'_>, id: TemplateId) -> Result<(), StoreError> {
    let sql = "DELETE FROM staged_file WHERE id = ?1";
    tx.execute("forget a file of an image worker", sql, params![id.to_string()]).map(drop)
}

/// The file that was fetched for a volume, if there is a complete one.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn staged_of(tx: &Tx<'_>, volume: VolumeId) -> Result<Option<StagedFile>, StoreError> {
    tx.row(
        "read what was fetched for a volume",
        "SELECT f.id, f.format, f.size, f.virtual_size, f.sha256, h.guid, h.serve_address
         FROM staged_file f LEFT JOIN host h ON h.id = f.worker AND h.removed IS NULL
         WHERE f.volume = ?1 AND f.purpose = 'Fetched' AND f.sha256 IS NOT NULL",
        params![volume.to_string()],
        read,
    )
}

fn read(row: &Row<'_>) -> rusqlite::Result<StagedFile> {
    let (guid, address): (Option<HostGuid>, Option<String>) =
        (parsed_or_null(row, "guid")?, row.get("serve_address")?);
    Ok(StagedFile {
        id: parsed(row, "id")?,
        format: row.get("format")?,
        size: Bytes(amount(row, "size")?),
        virtual_size: Bytes(amount(row, "virtual_size")?),
        sha256: row.get("sha256")?,
        worker: guid.zip(address),
    })
}

/// Files that are not needed any more and that no job removes yet: links that ended, volumes that are written or gone. A
/// start that may still be undone is waited for.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn staged_surplus(tx: &Tx<'_>, now: Timestamp) -> Result<Vec<Surplus>, StoreError> {
    tx.rows(
        "find files of image workers that are not needed",
        "SELECT f.id, f.purpose = 'Given' AS was_given, f.user, v.account, a.domain
         FROM staged_file f JOIN volume v ON v.id = f.volume JOIN account a ON a.id = v.account
         LEFT JOIN vm ON vm.id = v.vm
         WHERE NOT EXISTS (SELECT 1 FROM job WHERE job.id = f.job AND job.finished IS NULL)
             AND (f.until <= ?1 OR f.purpose = 'Fetched' AND (v.removed IS NOT NULL
                  OR v.state = 'Ready' AND coalesce(vm.state, '') <> 'Starting'
                      AND NOT EXISTS (SELECT 1 FROM job WHERE job.id = v.job AND job.finished IS NULL)))
         ORDER BY f.created, f.id",
        params![now.0],
        |row| {
            Ok(Surplus {
                id: parsed(row, "id")?,
                was_given: row.get("was_given")?,
                account: parsed(row, "account")?,
                domain: parsed(row, "domain")?,
                user: parsed(row, "user")?,
            })
        },
    )
}
