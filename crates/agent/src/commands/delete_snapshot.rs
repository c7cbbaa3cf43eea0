//! `DeleteSnapshotCommand`: deletes a copy of a volume, also one that is half written. Not there is a success.

use std::sync::PoisonError;

use hostler_wire::{DeleteSnapshotAnswer, DeleteSnapshotCommand};

use super::CommandError;
use crate::kvm::LibvirtComputingResource;

pub(super) fn execute(
    resource: &LibvirtComputingResource,
    command: &DeleteSnapshotCommand,
) -> Result<DeleteSnapshotAnswer, CommandError> {
    let turn = resource.snapshots.of(command.snapshot);
    let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
    let was_there = resource.storage.delete_snapshot(command.pool, command.snapshot)?;
    Ok(DeleteSnapshotAnswer { was_there })
}
