//! `ForgetCommand`: removes what is kept of a VM beside its volumes. Refused while its domain runs.

use hostler_model::PowerState;
use hostler_wire::{ForgetAnswer, ForgetCommand};

use super::CommandError;
use crate::hypervisor::Found;
use crate::kvm::LibvirtComputingResource;

pub(super) fn execute(
    resource: &LibvirtComputingResource,
    command: &ForgetCommand,
) -> Result<ForgetAnswer, CommandError> {
    let cloud = resource.cloud()?;
    let _turn = resource.busy(command.vm);
    match resource.hypervisor.look(cloud, &command.name, command.vm.uuid())? {
        Found::Ours(_, view) if view.power != PowerState::Off => {
            return Err(CommandError::StillRuns { vm: command.vm });
        }
        Found::Ours(domain, _) => resource.hypervisor.undefine(&domain)?,
        Found::Nothing(_) | Found::Alien(_) => {} // an alien of that name is not what is forgotten
    }
    resource.storage.remove_seed(command.vm);
    resource.remove_console_log(command.vm)?;
    resource.runs.stop_vm(command.vm);
    Ok(ForgetAnswer {})
}
