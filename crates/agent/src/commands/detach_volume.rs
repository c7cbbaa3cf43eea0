//! `DetachVolumeCommand`: unplugs a volume from a running VM, when its guest lets go of it.
//!
//! Not plugged in is a success, and so is a VM that does not run any more. Another run is not touched.

use std::time::Duration;

use hostler_wire::{DetachVolumeAnswer, DetachVolumeCommand};

use super::CommandError;
use super::running::running_still;
use crate::kvm::LibvirtComputingResource;

pub(super) fn execute(
    resource: &LibvirtComputingResource,
    command: &DetachVolumeCommand,
) -> Result<DetachVolumeAnswer, CommandError> {
    let _turn = resource.busy(command.from.vm);
    let nothing = DetachVolumeAnswer { was_attached: false };
    let Some(domain) = running_still(resource, &command.from)? else { return Ok(nothing) };
    let path = resource.storage.volume_path(command.pool, command.volume)?;
    let disks = resource.hypervisor.disks(&domain)?;
    let Some(disk) = disks.iter().find(|disk| path.to_str() == Some(&disk.file)) else {
        return Ok(nothing);
    };
    let grace = Duration::from_secs(command.grace_seconds.into());
    resource.hypervisor.detach_disk(&domain, &disk.file, grace)?;
    Ok(DetachVolumeAnswer { was_attached: true })
}
