//! `PrepareTemplateCommand`: has a template on a storage pool, however many ask for it at once.

use hostler_wire::{PrepareTemplateAnswer, PrepareTemplateCommand};

use super::CommandError;
use crate::kvm::LibvirtComputingResource;
use crate::resource::Task;

pub(super) fn execute(
    resource: &LibvirtComputingResource,
    command: &PrepareTemplateCommand,
    task: &Task,
) -> Result<PrepareTemplateAnswer, CommandError> {
    let there =
        resource.storage.prepare_template(command.pool, command.template, &command.source, task)?;
    Ok(PrepareTemplateAnswer { was_there: there.was_there, size: there.size })
}
