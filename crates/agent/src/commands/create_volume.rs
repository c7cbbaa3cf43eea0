//! `CreateVolumeCommand`: writes a volume, as an overlay on its template or empty.

use hostler_wire::{CreateVolumeAnswer, CreateVolumeCommand};

use super::CommandError;
use crate::kvm::LibvirtComputingResource;

pub(super) fn execute(
    resource: &LibvirtComputingResource,
    command: &CreateVolumeCommand,
) -> Result<CreateVolumeAnswer, CommandError> {
    let path = resource.storage.create_volume(&command.volume)?;
    Ok(CreateVolumeAnswer { size: command.volume.size, path: path.to_string_lossy().into_owned() })
}
