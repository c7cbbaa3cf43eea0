//! `DeleteVolumeCommand`: deletes a volume. Not there is a success; in use by a running domain is a failure.

use hostler_wire::{DeleteVolumeAnswer, DeleteVolumeCommand};

use super::CommandError;
use crate::kvm::LibvirtComputingResource;
use crate::storage::StorageError;

pub(super) fn execute(
    resource: &LibvirtComputingResource,
    command: &DeleteVolumeCommand,
) -> Result<DeleteVolumeAnswer, CommandError> {
    let (pool, volume) = (command.pool, command.volume);
    let path = resource.storage.volume_path(pool, volume)?;
    let in_use = resource.hypervisor.disks_in_use()?;
    if path.to_str().is_some_and(|path| in_use.iter().any(|file| file == path)) {
        return Err(StorageError::VolumeInUse { volume }.into());
    }
    Ok(DeleteVolumeAnswer { was_there: resource.storage.delete_volume(pool, volume)? })
}
