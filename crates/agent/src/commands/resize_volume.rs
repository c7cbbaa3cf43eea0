//! `ResizeVolumeCommand`: makes a volume larger, in the VM that runs with it or as a file. It never gets smaller.

use hostler_wire::{ResizeVolumeAnswer, ResizeVolumeCommand, RunningVm};

use super::CommandError;
use super::running::running;
use crate::hypervisor::OwnedDomain;
use crate::kvm::LibvirtComputingResource;
use crate::storage::StorageError;

pub(super) fn execute(
    resource: &LibvirtComputingResource,
    command: &ResizeVolumeCommand,
) -> Result<ResizeVolumeAnswer, CommandError> {
    let _turn = command.used_by.as_ref().map(|by| resource.busy(by.vm));
    let (pool, volume) = (command.pool, command.volume);
    let path = resource.storage.volume_file(pool, volume)?;
    let is_it = |file: &String| path.to_str() == Some(file);
    let there = resource.storage.volume_size(pool, volume)?;
    if there >= command.size {
        return Ok(ResizeVolumeAnswer { size: there });
    }
    if let Some(domain) = user(resource, command.used_by.as_ref())?
        && let Some(disk) = resource.hypervisor.disks(&domain)?.iter().find(|d| is_it(&d.file))
    {
        resource.hypervisor.resize_disk(&domain, &disk.file, command.size)?;
        return Ok(ResizeVolumeAnswer { size: command.size });
    }
    if resource.hypervisor.disks_in_use()?.iter().any(is_it) {
        return Err(StorageError::VolumeInUse { volume }.into());
    }
    resource.storage.grow_volume(pool, volume, command.size)?;
    Ok(ResizeVolumeAnswer { size: command.size })
}

/// The domain that has it, unless the guest has ended meanwhile.
fn user(
    resource: &LibvirtComputingResource,
    by: Option<&RunningVm>,
) -> Result<Option<OwnedDomain>, CommandError> {
    match by.map(|by| running(resource, by)) {
        None | Some(Err(CommandError::NotRunning { .. })) => Ok(None),
        Some(Ok(domain)) => Ok(Some(domain)),
        Some(Err(error)) => Err(error),
    }
}
