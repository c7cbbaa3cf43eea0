//! Copies of volumes in a directory pool: `snapshots/<id>.qcow2`, each whole, an overlay of nothing.
//!
//! A copy stays when its volume or that volume's template goes. It gets its name when it is complete.

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use hostler_model::{Bytes, SnapshotId, StoragePoolId, VolumeId};

use super::directory::{DirectoryStorage, NOTHING_LEFT, file_error, sync_directory_of};
use super::{SnapshotThere, Storage as _, StorageError, qcow2};
use crate::program;

/// How long `qemu-img` may take to copy a volume.
const COPYING: Duration = Duration::from_hours(5);
/// How the name of a file begins in `tmp/` in which a copy is being made.
pub(super) const PREFIX: &str = "snapshot-";

fn final_path(storage: &DirectoryStorage, snapshot: SnapshotId) -> PathBuf {
    storage.root().join("snapshots").join(format!("{snapshot}.qcow2"))
}

fn draft_path(storage: &DirectoryStorage, snapshot: SnapshotId) -> PathBuf {
    storage.root().join("tmp").join(format!("{PREFIX}{snapshot}"))
}

/// See [`Storage::snapshot`](super::Storage::snapshot).
pub(super) fn find(
    storage: &DirectoryStorage,
    snapshot: SnapshotId,
) -> Result<Option<SnapshotThere>, StorageError> {
    let path = final_path(storage, snapshot);
    match qcow2::header(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(file_error("read snapshot", &path)(error)),
        Ok(header) => {
            let physical_size = taken(&path).map_err(file_error("read snapshot", &path))?;
            Ok(Some(SnapshotThere { size: header.size, physical_size, path }))
        }
    }
}

/// What a file takes on the disk.
fn taken(path: &Path) -> std::io::Result<Bytes> {
    Ok(Bytes(path.metadata()?.blocks().saturating_mul(512)))
}

/// See [`Storage::snapshot_draft`](super::Storage::snapshot_draft).
pub(super) fn draft(
    storage: &DirectoryStorage,
    pool: StoragePoolId,
    snapshot: SnapshotId,
    volume: VolumeId,
) -> Result<PathBuf, StorageError> {
    let path = draft_path(storage, snapshot);
    remove(&path)?;
    require_room(storage, &storage.volume_file(pool, volume)?, volume)?;
    Ok(path)
}

/// Room for all that a volume and what it is an overlay of take: a guest whose pool is full cannot go on.
pub(super) fn require_room(
    storage: &DirectoryStorage,
    file: &Path,
    volume: VolumeId,
) -> Result<(), StorageError> {
    let error = || file_error("read volume", file);
    let backing = qcow2::header(file).map_err(error())?.backing;
    let mut wanted = taken(file).map_err(error())?.0;
    if let Some(backing) = backing {
        let backing = file.parent().unwrap_or(Path::new("/")).join(backing);
        wanted += taken(&backing).map_err(file_error("read template", &backing))?.0;
    }
    storage.require(Bytes(wanted.saturating_add(NOTHING_LEFT.0)), || {
        format!("a copy of volume {volume}")
    })
}

/// See [`Storage::keep_snapshot`](super::Storage::keep_snapshot).
pub(super) fn keep(
    storage: &DirectoryStorage,
    snapshot: SnapshotId,
) -> Result<SnapshotThere, StorageError> {
    let (draft, path) = (draft_path(storage, snapshot), final_path(storage, snapshot));
    let settle = || {
        fs::set_permissions(&draft, Permissions::from_mode(0o600))?;
        File::open(&draft)?.sync_all()?;
        fs::rename(&draft, &path)?;
        sync_directory_of(&path)
    };
    if let Err(error) = settle() {
        let _ = fs::remove_file(&draft);
        return Err(file_error("keep snapshot", &path)(error));
    }
    find(storage, snapshot)?.ok_or(StorageError::NoSnapshot { snapshot })
}

/// See [`Storage::copy_volume`](super::Storage::copy_volume).
pub(super) fn copy(
    storage: &DirectoryStorage,
    pool: StoragePoolId,
    volume: VolumeId,
    snapshot: SnapshotId,
) -> Result<SnapshotThere, StorageError> {
    if let Some(there) = find(storage, snapshot)? {
        return Ok(there);
    }
    let to = draft(storage, pool, snapshot, volume)?;
    let from = storage.volume_file(pool, volume)?;
    convert(storage, "copy volume", (&from, "qcow2"), &to)?;
    keep(storage, snapshot)
}

/// See [`Storage::delete_snapshot`](super::Storage::delete_snapshot).
pub(super) fn delete(
    storage: &DirectoryStorage,
    snapshot: SnapshotId,
) -> Result<bool, StorageError> {
    remove(&draft_path(storage, snapshot))?;
    remove(&final_path(storage, snapshot))
}

/// See [`Storage::restore_volume`](super::Storage::restore_volume).
pub(super) fn restore(
    storage: &DirectoryStorage,
    pool: StoragePoolId,
    snapshot: SnapshotId,
    volume: VolumeId,
    size: Bytes,
) -> Result<Bytes, StorageError> {
    let there = find(storage, snapshot)?.ok_or(StorageError::NoSnapshot { snapshot })?;
    let path = storage.volume_path(pool, volume)?;
    let new = storage.root().join("tmp").join(format!("volume-{volume}"));
    remove(&new)?;
    let wanted = Bytes(there.physical_size.0.saturating_add(NOTHING_LEFT.0));
    storage.require(wanted, || format!("volume {volume}"))?;
    convert(storage, "write volume", (&there.path, "qcow2"), &new)?;
    settle_volume(storage, volume, (&new, there.size), &path, size)?;
    Ok(there.size.max(size))
}

/// Makes a new file as large as `size`, and puts it in place of what there is of a volume.
pub(super) fn settle_volume(
    storage: &DirectoryStorage,
    volume: VolumeId,
    (new, there): (&Path, Bytes),
    path: &Path,
    size: Bytes,
) -> Result<(), StorageError> {
    let written = storage.grow_file(new, there, size, volume).and_then(|()| {
        let settle = || {
            fs::set_permissions(new, Permissions::from_mode(0o600))?;
            File::open(new)?.sync_all()?;
            fs::rename(new, path)?;
            sync_directory_of(path)
        };
        settle().map_err(file_error("keep volume", path))
    });
    if written.is_err() {
        let _ = fs::remove_file(new);
    }
    written
}

/// Copies what a guest sees of a file that nobody has open, with all that it is an overlay of.
pub(super) fn convert(
    storage: &DirectoryStorage,
    what: &'static str,
    (from, format): (&Path, &str),
    to: &Path,
) -> Result<(), StorageError> {
    let arguments: [&OsStr; 8] = [
        "convert".as_ref(),
        "-q".as_ref(),
        "-f".as_ref(),
        format.as_ref(),
        "-O".as_ref(),
        "qcow2".as_ref(),
        from.as_ref(),
        to.as_ref(),
    ];
    program::run("qemu-img", &arguments, COPYING).map(drop).map_err(|source| {
        let _ = fs::remove_file(to);
        let error = StorageError::Program { what, path: from.to_owned(), source };
        storage.full_or(error, NOTHING_LEFT, to.display().to_string())
    })
}

/// Removes a file; whether there was one.
fn remove(path: &Path) -> Result<bool, StorageError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(file_error("remove", path)(error)),
    }
}
