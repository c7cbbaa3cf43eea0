//! `AttachVolumeCommand`: plugs a volume into a running VM. Plugged in already is a success.

use hostler_wire::{AttachVolumeAnswer, AttachVolumeCommand};

use super::CommandError;
use super::running::running;
use crate::domain_xml::disk_xml;
use crate::kvm::LibvirtComputingResource;
use crate::storage::StorageError;

pub(super) fn execute(
    resource: &LibvirtComputingResource,
    command: &AttachVolumeCommand,
) -> Result<AttachVolumeAnswer, CommandError> {
    let _turn = resource.busy(command.to.vm);
    let domain = running(resource, &command.to)?;
    let (pool, volume) = (command.disk.pool, command.disk.volume);
    let path = resource.storage.volume_file(pool, volume)?;
    let is_it = |file: &String| path.to_str() == Some(file);
    let disks = resource.hypervisor.disks(&domain)?;
    if disks.iter().any(|disk| is_it(&disk.file)) {
        return Ok(AttachVolumeAnswer { was_attached: true });
    }
    if resource.hypervisor.disks_in_use()?.iter().any(is_it) {
        return Err(StorageError::VolumeInUse { volume }.into());
    }
    let used: Vec<String> = disks.into_iter().map(|disk| disk.target).collect();
    resource.hypervisor.attach_disk(&domain, &disk_xml(&command.disk, &path, &used)?)?;
    Ok(AttachVolumeAnswer { was_attached: false })
}
