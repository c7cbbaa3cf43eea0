//! `AttachNicCommand`: plugs a network interface into a running VM. Plugged in already is a success.

use hostler_wire::{AttachNicAnswer, AttachNicCommand};

use super::CommandError;
use super::running::{has_nic, running};
use crate::domain_xml::nic_xml;
use crate::kvm::LibvirtComputingResource;

pub(super) fn execute(
    resource: &LibvirtComputingResource,
    command: &AttachNicCommand,
) -> Result<AttachNicAnswer, CommandError> {
    let _turn = resource.busy(command.to.vm);
    let domain = running(resource, &command.to)?;
    if has_nic(resource, &domain, command.nic.mac)? {
        return Ok(AttachNicAnswer { was_attached: true });
    }
    let bridge = resource.network.bridge(&command.nic.network)?;
    let xml = nic_xml(&command.nic, &bridge, command.os, command.adapter.as_deref())?;
    resource.hypervisor.attach_nic(&domain, &xml)?;
    Ok(AttachNicAnswer { was_attached: false })
}
