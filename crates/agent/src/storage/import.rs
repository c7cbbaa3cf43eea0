//! Volumes that begin as a file of an image worker: fetched to `tmp/`, looked at, and written anew.
//!
//! What was fetched is removed again whatever becomes of it. It is written anew even where it is qcow2 already, so that a
//! volume has nothing of what else such a file may hold.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use hostler_model::Bytes;
use hostler_wire::ImportVolumeCommand;
use tracing::warn;

use super::directory::{DirectoryStorage, file_error};
use super::template::{check_template, name};
use super::{Storage as _, StorageError, qcow2, snapshots};
use crate::resource::Task;

/// How the name of a file begins in `tmp/` that was fetched for a volume.
pub(super) const PREFIX: &str = "import-";

/// See [`Storage::import_volume`](super::Storage::import_volume).
pub(super) fn import(
    storage: &DirectoryStorage,
    command: &ImportVolumeCommand,
    task: &Task,
) -> Result<Bytes, StorageError> {
    let (file, source, volume) = (command.file, &command.source, command.volume);
    let path = storage.volume_path(command.pool, volume)?;
    let turn = storage.lock_of(file);
    let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
    match qcow2::header(&path) {
        Ok(there) => return Ok(there.size),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(file_error("read volume", &path)(error)),
    }
    let fetched = Fetched(storage.root().join("tmp").join(format!("{PREFIX}{volume}")));
    storage.fetch(file, source, &fetched.0, task)?;
    check_template(file, source, &fetched.0)?;
    let new = storage.root().join("tmp").join(format!("volume-{volume}"));
    storage.require(source.size, || format!("volume {volume}"))?;
    snapshots::convert(storage, "write volume", (&fetched.0, name(source.format)), &new)?;
    let (there, size) = (source.virtual_size, command.size);
    snapshots::settle_volume(storage, volume, (&new, there), &path, size)?;
    Ok(there.max(size))
}

/// A file that is removed at the end.
struct Fetched(PathBuf);

impl Drop for Fetched {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

fn remove(path: &Path) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            warn!(%error, path = %path.display(), "cannot remove what was fetched for a volume");
        }
        _ => {}
    }
}
