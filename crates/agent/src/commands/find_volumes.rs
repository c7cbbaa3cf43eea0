//! `FindVolumesCommand`: says which volumes are not on a pool. Nothing is changed.

use hostler_wire::{FindVolumesAnswer, FindVolumesCommand};

use super::CommandError;
use crate::kvm::LibvirtComputingResource;
use crate::storage::StorageError;

pub(super) fn execute(
    resource: &LibvirtComputingResource,
    command: &FindVolumesCommand,
) -> Result<FindVolumesAnswer, CommandError> {
    let mut missing = Vec::new();
    for volume in &command.volumes {
        match resource.storage.volume_file(command.pool, *volume) {
            Ok(_) => {}
            Err(StorageError::NoVolume { .. }) => missing.push(*volume),
            // whether it is there cannot be told
            Err(error) => return Err(error.into()),
        }
    }
    Ok(FindVolumesAnswer { missing })
}
