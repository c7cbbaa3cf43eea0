//! `DetachNicCommand`: unplugs a network interface from a running VM, when its guest lets go of it.
//!
//! Not plugged in is a success, and so is a VM that does not run any more. Another run is not touched.

use std::time::Duration;

use hostler_wire::{DetachNicAnswer, DetachNicCommand};

use super::CommandError;
use super::running::{has_nic, running_still};
use crate::kvm::LibvirtComputingResource;

pub(super) fn execute(
    resource: &LibvirtComputingResource,
    command: &DetachNicCommand,
) -> Result<DetachNicAnswer, CommandError> {
    let _turn = resource.busy(command.from.vm);
    let nothing = DetachNicAnswer { was_attached: false };
    let Some(domain) = running_still(resource, &command.from)? else { return Ok(nothing) };
    if !has_nic(resource, &domain, command.mac)? {
        return Ok(nothing);
    }
    let grace = Duration::from_secs(command.grace_seconds.into());
    resource.hypervisor.detach_nic(&domain, command.mac, grace)?;
    Ok(DetachNicAnswer { was_attached: true })
}
