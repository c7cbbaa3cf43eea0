//! `RebootCommand`: restarts the guest; its libvirt domain stays.

use hostler_model::PowerState;
use hostler_wire::{RebootAnswer, RebootCommand};

use super::CommandError;
use crate::hypervisor::Found;
use crate::kvm::LibvirtComputingResource;

pub(super) fn execute(
    resource: &LibvirtComputingResource,
    command: &RebootCommand,
) -> Result<RebootAnswer, CommandError> {
    let cloud = resource.cloud()?;
    let _turn = resource.busy(command.vm);
    match resource.hypervisor.look(cloud, &command.name, command.vm.uuid())? {
        Found::Nothing(_) => Err(CommandError::NotRunning { vm: command.vm }),
        Found::Alien(view) => Err(CommandError::Alien { name: view.name, uuid: view.uuid }),
        Found::Ours(domain, _) if domain.mark().run != command.run => Err(CommandError::OtherRun {
            vm: command.vm,
            wanted: command.run,
            here: domain.mark().run,
        }),
        Found::Ours(_, view) if view.power == PowerState::Off => {
            Err(CommandError::NotRunning { vm: command.vm })
        }
        Found::Ours(domain, _) => {
            if command.force {
                resource.hypervisor.reset(&domain)?;
            } else {
                resource.hypervisor.reboot(&domain)?;
            }
            let raised = resource.runs.raise(command.run);
            Ok(RebootAnswer {
                generation: raised.unwrap_or_else(|| domain.mark().generation.next()),
            })
        }
    }
}
