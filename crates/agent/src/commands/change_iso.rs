//! `ChangeIsoCommand`: puts an ISO into the drive of a running VM, or leaves the drive empty.
//!
//! As asked already is a success, and so is an empty drive of a VM that does not run any more.

use hostler_wire::{ChangeIsoAnswer, ChangeIsoCommand};

use super::CommandError;
use super::running::running;
use crate::hypervisor::DiskView;
use crate::kvm::LibvirtComputingResource;

pub(super) fn execute(
    resource: &LibvirtComputingResource,
    command: &ChangeIsoCommand,
) -> Result<ChangeIsoAnswer, CommandError> {
    let _turn = resource.busy(command.of.vm);
    let domain = match running(resource, &command.of) {
        Ok(domain) => domain,
        Err(CommandError::NotRunning { .. } | CommandError::Ended { .. })
            if command.iso.is_none() =>
        {
            return Ok(ChangeIsoAnswer { was_so: true });
        }
        Err(error) => return Err(error),
    };
    let file = match command.iso {
        None => String::new(),
        Some(iso) => {
            let path = resource.storage.template_file(iso.pool, iso.template)?;
            path.to_string_lossy().into_owned()
        }
    };
    // It has two drives: the seed is in the other one.
    let seed = resource.storage.seed_file(command.of.vm);
    let is_seed = |disk: &DiskView| seed.to_str() == Some(&disk.file);
    let disks = resource.hypervisor.disks(&domain)?;
    let Some(drive) = disks.into_iter().find(|disk| disk.is_drive && !is_seed(disk)) else {
        return Err(CommandError::NoDrive { vm: command.of.vm });
    };
    if drive.file == file {
        return Ok(ChangeIsoAnswer { was_so: true });
    }
    resource.hypervisor.change_drive(&domain, &DiskView { file, ..drive }, command.force)?;
    Ok(ChangeIsoAnswer { was_so: false })
}
