//! Templates on their way from a directory pool to an image worker.
//!
//! A copy of a volume is whole and is sent as it lies there. A volume is an overlay: what a guest sees of it is written
//! to `tmp/` first, and removed again whatever becomes of it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use hostler_model::VolumeId;
use hostler_wire::{SendTemplateCommand, TemplateOrigin};
use tracing::warn;

use super::directory::DirectoryStorage;
use super::{Parcel, Sent, Storage as _, StorageError, snapshots};
use crate::resource::Task;

/// How the name of a file begins in `tmp/` that is written to be sent.
pub(super) const PREFIX: &str = "outgoing-";

/// See [`Storage::send_template`](super::Storage::send_template).
pub(super) fn send(
    storage: &DirectoryStorage,
    command: &SendTemplateCommand,
    task: &Task,
) -> Result<Sent, StorageError> {
    match command.origin {
        TemplateOrigin::Snapshot(snapshot) => {
            let there = storage.snapshot(command.pool, snapshot)?;
            let there = there.ok_or(StorageError::NoSnapshot { snapshot })?;
            send_file(storage, command, &there.path, task)
        }
        TemplateOrigin::Volume(volume) => {
            let draft = Draft::write(storage, command, volume)?;
            send_file(storage, command, &draft.0, task)
        }
    }
}

fn send_file(
    storage: &DirectoryStorage,
    command: &SendTemplateCommand,
    file: &Path,
    task: &Task,
) -> Result<Sent, StorageError> {
    let (template, worker, address) = (command.template, command.worker, &command.address);
    let sent = storage.fetcher().send(Parcel { template, file, worker, address }, task);
    sent.map_err(|source| StorageError::Send { template, source })
}

/// A file that is removed when it was sent, or could not be.
struct Draft(PathBuf);

impl Draft {
    fn write(
        storage: &DirectoryStorage,
        command: &SendTemplateCommand,
        volume: VolumeId,
    ) -> Result<Self, StorageError> {
        let from = storage.volume_file(command.pool, volume)?;
        let to = storage.root().join("tmp").join(format!("{PREFIX}{}", command.template));
        let draft = Self(to);
        draft.remove();
        snapshots::require_room(storage, &from, volume)?;
        snapshots::convert(storage, "copy volume", (&from, "qcow2"), &draft.0)?;
        Ok(draft)
    }

    fn remove(&self) {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                warn!(%error, path = %self.0.display(), "cannot remove what was written to be sent");
            }
            _ => {}
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        self.remove();
    }
}
