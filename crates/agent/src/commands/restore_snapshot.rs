//! `RestoreSnapshotCommand`: writes a volume as a copy has it, in place of what there is of the volume.

use std::sync::PoisonError;

use hostler_wire::{RestoreSnapshotAnswer, RestoreSnapshotCommand};

use super::CommandError;
use crate::kvm::LibvirtComputingResource;
use crate::storage::StorageError;

pub(super) fn execute(
    resource: &LibvirtComputingResource,
    command: &RestoreSnapshotCommand,
) -> Result<RestoreSnapshotAnswer, CommandError> {
    let turn = resource.snapshots.of(command.snapshot);
    let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
    let (pool, volume) = (command.pool, command.volume);
    let path = resource.storage.volume_path(pool, volume)?;
    let is_it = |file: &String| path.to_str() == Some(file);
    if resource.hypervisor.disks_in_use()?.iter().any(is_it) {
        return Err(StorageError::VolumeInUse { volume }.into());
    }
    let size = resource.storage.restore_volume(pool, command.snapshot, volume, command.size)?;
    Ok(RestoreSnapshotAnswer { size, path: path.to_string_lossy().into_owned() })
}
