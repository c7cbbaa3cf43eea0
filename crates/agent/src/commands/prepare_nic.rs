//! `PrepareNicCommand`: serves DHCP and DNS to a NIC before its VM starts.

use hostler_wire::{PrepareNicAnswer, PrepareNicCommand};

use super::CommandError;
use crate::kvm::LibvirtComputingResource;

pub(super) fn execute(
    resource: &LibvirtComputingResource,
    command: &PrepareNicCommand,
) -> Result<PrepareNicAnswer, CommandError> {
    resource.network.prepare(command.vm, &command.host_name, &command.nic)?;
    Ok(PrepareNicAnswer {})
}
