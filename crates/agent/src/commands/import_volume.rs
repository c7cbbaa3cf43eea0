//! `ImportVolumeCommand`: writes a volume from a file that an image worker has.

use hostler_wire::{ImportVolumeAnswer, ImportVolumeCommand};

use super::CommandError;
use crate::kvm::LibvirtComputingResource;
use crate::resource::Task;

pub(super) fn execute(
    resource: &LibvirtComputingResource,
    command: &ImportVolumeCommand,
    task: &Task,
) -> Result<ImportVolumeAnswer, CommandError> {
    let size = resource.storage.import_volume(command, task)?;
    let path = resource.storage.volume_path(command.pool, command.volume)?;
    Ok(ImportVolumeAnswer { size, path: path.to_string_lossy().into_owned() })
}
