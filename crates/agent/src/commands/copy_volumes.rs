//! `CopyVolumesCommand`: copies several volumes as all of them are at one moment, each to a file of its own.
//!
//! While a guest runs with them, QEMU makes the copies: what the guest writes meanwhile is in none. The guest is not asked
//! to write back what it has in memory, so together they are what a power failure would have left. Files that nobody has
//! open are copied by `qemu-img`; it never touches one that a guest has open.

use std::path::PathBuf;
use std::sync::PoisonError;
use std::time::Duration;

use hostler_model::{SnapshotId, StoragePoolId, VolumeId};
use hostler_wire::{CopyVolumesAnswer, CopyVolumesCommand, CreateSnapshotAnswer, RunningVm};

use super::CommandError;
use super::running::running;
use crate::hypervisor::{DiskView, OwnedDomain};
use crate::kvm::LibvirtComputingResource;
use crate::storage::{SnapshotThere, StorageError};

/// How long QEMU may take to copy disks while their guest runs.
const COPYING: Duration = Duration::from_hours(5);

pub(super) fn execute(
    resource: &LibvirtComputingResource,
    command: &CopyVolumesCommand,
) -> Result<CopyVolumesAnswer, CommandError> {
    let copies = copy(resource, command.pool, &command.copies, command.used_by.as_ref())?;
    Ok(CopyVolumesAnswer { copies })
}

/// Has all copies complete, or none.
pub(super) fn copy(
    resource: &LibvirtComputingResource,
    pool: StoragePoolId,
    copies: &[(SnapshotId, VolumeId)],
    used_by: Option<&RunningVm>,
) -> Result<Vec<CreateSnapshotAnswer>, CommandError> {
    let mut ids: Vec<SnapshotId> = copies.iter().map(|copy| copy.0).collect();
    ids.sort(); // two orders that share copies wait for each other in the same order
    let turns: Vec<_> = ids.iter().map(|id| resource.snapshots.of(*id)).collect();
    let _turns: Vec<_> =
        turns.iter().map(|turn| turn.lock().unwrap_or_else(PoisonError::into_inner)).collect();
    if let Some(there) = all_there(resource, pool, copies)? {
        return Ok(there);
    }
    let made = make(resource, pool, copies, used_by);
    if made.is_err() {
        for (snapshot, _) in copies {
            resource.storage.delete_snapshot(pool, *snapshot)?;
        }
    }
    made
}

fn all_there(
    resource: &LibvirtComputingResource,
    pool: StoragePoolId,
    copies: &[(SnapshotId, VolumeId)],
) -> Result<Option<Vec<CreateSnapshotAnswer>>, CommandError> {
    let mut found = Vec::new();
    for (snapshot, _) in copies {
        let Some(there) = resource.storage.snapshot(pool, *snapshot)? else { return Ok(None) };
        found.push(answer(&there));
    }
    Ok(Some(found))
}

fn make(
    resource: &LibvirtComputingResource,
    pool: StoragePoolId,
    copies: &[(SnapshotId, VolumeId)],
    used_by: Option<&RunningVm>,
) -> Result<Vec<CreateSnapshotAnswer>, CommandError> {
    let storage = &resource.storage;
    let mut files = Vec::new();
    for (snapshot, volume) in copies {
        // one that is there already is of another moment than the others will be
        storage.delete_snapshot(pool, *snapshot)?;
        files.push(storage.volume_file(pool, *volume)?);
    }
    if let Some(domain) = user(resource, used_by)?
        && let Some(disks) = disks_of(&resource.hypervisor.disks(&domain)?, &files)
    {
        let draft = |(disk, (snapshot, volume)): (DiskView, &(SnapshotId, VolumeId))| {
            storage.snapshot_draft(pool, *snapshot, *volume).map(|draft| (disk, draft))
        };
        let drafts: Vec<_> = disks.into_iter().zip(copies).map(draft).collect::<Result<_, _>>()?;
        resource.hypervisor.copy_disks(&domain, &drafts, COPYING)?;
        let kept = copies.iter().map(|(snapshot, _)| storage.keep_snapshot(pool, *snapshot));
        return kept.map(|there| Ok(answer(&there?))).collect();
    }
    let in_use = resource.hypervisor.disks_in_use()?;
    for ((_, volume), file) in copies.iter().zip(&files) {
        if in_use.iter().any(|used| file.to_str() == Some(used)) {
            return Err(StorageError::VolumeInUse { volume: *volume }.into());
        }
    }
    let copied =
        copies.iter().map(|(snapshot, volume)| storage.copy_volume(pool, *volume, *snapshot));
    copied.map(|there| Ok(answer(&there?))).collect()
}

/// The disks that have these files, if the domain has all of them.
fn disks_of(all: &[DiskView], files: &[PathBuf]) -> Option<Vec<DiskView>> {
    let disk = |file: &PathBuf| all.iter().find(|disk| file.to_str() == Some(&disk.file)).cloned();
    files.iter().map(disk).collect()
}

fn answer(there: &SnapshotThere) -> CreateSnapshotAnswer {
    CreateSnapshotAnswer {
        size: there.size,
        physical_size: there.physical_size,
        path: there.path.to_string_lossy().into_owned(),
    }
}

/// The domain that has them, unless the guest has ended meanwhile.
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
