//! `SendTemplateCommand`: sends what a volume holds, or a copy of one, to an image worker, as a template.
//!
//! A volume that a libvirt domain has open is refused: what a file says while its guest writes is nothing to keep.

use std::sync::PoisonError;

use hostler_wire::{SendTemplateAnswer, SendTemplateCommand, TemplateOrigin};

use super::CommandError;
use crate::kvm::LibvirtComputingResource;
use crate::resource::Task;
use crate::storage::StorageError;

pub(super) fn execute(
    resource: &LibvirtComputingResource,
    command: &SendTemplateCommand,
    task: &Task,
) -> Result<SendTemplateAnswer, CommandError> {
    let turn = match command.origin {
        TemplateOrigin::Snapshot(snapshot) => Some(resource.snapshots.of(snapshot)),
        TemplateOrigin::Volume(volume) => {
            let path = resource.storage.volume_file(command.pool, volume)?;
            let is_it = |file: &String| path.to_str() == Some(file);
            if resource.hypervisor.disks_in_use()?.iter().any(is_it) {
                return Err(StorageError::VolumeInUse { volume }.into());
            }
            None
        }
    };
    let _turn = turn.as_ref().map(|turn| turn.lock().unwrap_or_else(PoisonError::into_inner));
    let sent = resource.storage.send_template(command, task)?;
    Ok(SendTemplateAnswer { size: sent.size, sha256: sent.sha256 })
}
