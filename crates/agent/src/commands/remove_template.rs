//! `RemoveTemplateCommand`: removes a template from a storage pool; refused while volumes are made from it.

use hostler_wire::{RemoveTemplateAnswer, RemoveTemplateCommand};

use super::CommandError;
use crate::kvm::LibvirtComputingResource;

pub(super) fn execute(
    resource: &LibvirtComputingResource,
    command: &RemoveTemplateCommand,
) -> Result<RemoveTemplateAnswer, CommandError> {
    let was_there = resource.storage.remove_template(command.pool, command.template)?;
    Ok(RemoveTemplateAnswer { was_there })
}
