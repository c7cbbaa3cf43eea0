//! `CreateSnapshotCommand`: copies a volume as it is at one moment to a file of its own.
//!
//! While a guest runs with the volume, QEMU makes the copy: what the guest writes meanwhile is not in it. The guest is
//! not asked to write back what it has in memory, so the copy is what a power failure would have left. A file that
//! nobody has open is copied by `qemu-img`; it never touches one that a guest has open.

use std::sync::PoisonError;
use std::time::Duration;

use hostler_wire::{CreateSnapshotAnswer, CreateSnapshotCommand, RunningVm};

use super::CommandError;
use super::running::running;
use crate::hypervisor::OwnedDomain;
use crate::kvm::LibvirtComputingResource;
use crate::storage::{SnapshotThere, StorageError};

/// How long QEMU may take to copy a disk while its guest runs.
const COPYING: Duration = Duration::from_hours(5);

pub(super) fn execute(
    resource: &LibvirtComputingResource,
    command: &CreateSnapshotCommand,
) -> Result<CreateSnapshotAnswer, CommandError> {
    let turn = resource.snapshots.of(command.snapshot);
    let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
    let (pool, snapshot) = (command.pool, command.snapshot);
    if let Some(there) = resource.storage.snapshot(pool, snapshot)? {
        return Ok(answer(&there));
    }
    let volume = command.volume;
    let path = resource.storage.volume_file(pool, volume)?;
    let is_it = |file: &String| path.to_str() == Some(file);
    if let Some(domain) = user(resource, command.used_by.as_ref())?
        && let Some(disk) = resource.hypervisor.disks(&domain)?.iter().find(|d| is_it(&d.file))
    {
        let draft = resource.storage.snapshot_draft(pool, snapshot, volume)?;
        let copied = resource.hypervisor.copy_disk(&domain, disk, &draft, COPYING);
        if let Err(error) = copied {
            resource.storage.delete_snapshot(pool, snapshot)?;
            return Err(error.into());
        }
        return Ok(answer(&resource.storage.keep_snapshot(pool, snapshot)?));
    }
    if resource.hypervisor.disks_in_use()?.iter().any(is_it) {
        return Err(StorageError::VolumeInUse { volume }.into());
    }
    Ok(answer(&resource.storage.copy_volume(pool, volume, snapshot)?))
}

fn answer(there: &SnapshotThere) -> CreateSnapshotAnswer {
    CreateSnapshotAnswer {
        size: there.size,
        physical_size: there.physical_size,
        path: there.path.to_string_lossy().into_owned(),
    }
}

/// The domain that has it, unless the guest has ended meanwhile.
fn user(
    resource: &LibvirtComputingResource,
    by: Option<&RunningVm>,
) -> Result<Option<OwnedDomain>, CommandError> {
    match by.map(|by| running(resource, by)) {
        None | Some(Err(CommandError::NotRunning { .. } | CommandError::Ended { .. })) => Ok(None),
        Some(Ok(domain)) => Ok(Some(domain)),
        Some(Err(error)) => Err(error),
    }
}
