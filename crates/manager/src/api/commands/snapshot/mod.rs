//! Commands about snapshots of volumes.

use super::{Entry, known};

mod create_snapshot;
mod delete_snapshot;
mod list_snapshot_policies;
mod list_snapshots;
mod revert_snapshot;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<create_snapshot::CreateSnapshot>(),
    known::<delete_snapshot::DeleteSnapshot>(),
    known::<list_snapshot_policies::ListSnapshotPolicies>(),
    known::<list_snapshots::ListSnapshots>(),
    known::<revert_snapshot::RevertSnapshot>(),
];
