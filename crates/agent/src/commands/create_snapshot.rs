//! `CreateSnapshotCommand`: copies a volume as it is at one moment to a file of its own, as `copy_volumes` does several.

use hostler_wire::{CreateSnapshotAnswer, CreateSnapshotCommand};

use super::{CommandError, copy_volumes};
use crate::kvm::LibvirtComputingResource;
use crate::storage::StorageError;

pub(super) fn execute(
    resource: &LibvirtComputingResource,
    command: &CreateSnapshotCommand,
) -> Result<CreateSnapshotAnswer, CommandError> {
    let copies = [(command.snapshot, command.volume)];
    let made = copy_volumes::copy(resource, command.pool, &copies, command.used_by.as_ref())?;
    let snapshot = command.snapshot;
    Ok(made.into_iter().next().ok_or(StorageError::NoSnapshot { snapshot })?)
}
