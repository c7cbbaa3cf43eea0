//! `ReleaseNicCommand`: serves a NIC no longer.

use hostler_wire::{ReleaseNicAnswer, ReleaseNicCommand};

use super::CommandError;
use crate::kvm::LibvirtComputingResource;

pub(super) fn execute(
    resource: &LibvirtComputingResource,
    command: &ReleaseNicCommand,
) -> Result<ReleaseNicAnswer, CommandError> {
    resource.network.release(command.nic, &command.network)?;
    Ok(ReleaseNicAnswer {})
}
