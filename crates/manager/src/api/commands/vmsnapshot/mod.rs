//! Commands about VM snapshots.

use super::{Entry, known};

mod create_vm_snapshot;
mod delete_vm_snapshot;
mod list_vm_snapshot;
mod revert_to_vm_snapshot;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<create_vm_snapshot::CreateVmSnapshot>(),
    known::<delete_vm_snapshot::DeleteVmSnapshot>(),
    known::<list_vm_snapshot::ListVmSnapshot>(),
    known::<revert_to_vm_snapshot::RevertToVmSnapshot>(),
];
