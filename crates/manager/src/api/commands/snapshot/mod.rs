//! Commands about snapshots of volumes.

use super::{Entry, known};

mod create_snapshot;
mod create_snapshot_policy;
mod delete_snapshot;
mod delete_snapshot_policies;
mod list_snapshot_policies;
mod list_snapshots;
mod revert_snapshot;
mod update_snapshot_policy;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<create_snapshot::CreateSnapshot>(),
    known::<create_snapshot_policy::CreateSnapshotPolicy>(),
    known::<delete_snapshot::DeleteSnapshot>(),
    known::<delete_snapshot_policies::DeleteSnapshotPolicies>(),
    known::<list_snapshot_policies::ListSnapshotPolicies>(),
    known::<list_snapshots::ListSnapshots>(),
    known::<revert_snapshot::RevertSnapshot>(),
    known::<update_snapshot_policy::UpdateSnapshotPolicy>(),
];
