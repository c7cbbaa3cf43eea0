//! `ReleaseCommand`: gives a libvirt domain back that was adopted. It goes on as it is, its disks stay.
//!
//! Idempotent: one that is not the VM's any more is a success. A domain that the cloud made is refused.

use hostler_wire::{ReleaseAnswer, ReleaseCommand};
use tracing::info;

use super::CommandError;
use crate::hypervisor::Found;
use crate::kvm::LibvirtComputingResource;

pub(super) fn execute(
    resource: &LibvirtComputingResource,
    command: &ReleaseCommand,
) -> Result<ReleaseAnswer, CommandError> {
    let answer = {
        let _turn = resource.busy(command.vm);
        release(resource, command)?
    };
    resource.tell_everything(); // it is an alien again
    Ok(answer)
}

fn release(
    resource: &LibvirtComputingResource,
    command: &ReleaseCommand,
) -> Result<ReleaseAnswer, CommandError> {
    let (cloud, vm) = (resource.cloud()?, command.vm);
    let was_here = match resource.hypervisor.look(cloud, &command.name, vm.uuid())? {
        Found::Nothing(_) | Found::Alien(_) => false,
        Found::Ours(domain, _) if !domain.is_adopted() => {
            return Err(CommandError::NotAdopted { vm });
        }
        Found::Ours(domain, _) => {
            resource.hypervisor.release(&domain)?;
            true
        }
    };
    for disk in &command.disks {
        resource.storage.release_volume(disk.pool, disk.volume)?;
    }
    resource.runs.remove_vm(vm);
    info!(%vm, was_here, "released");
    Ok(ReleaseAnswer { was_here })
}
