//! Snapshots: copies of volumes as they were at a moment, on the pool of the volume's host.
//!
//! While a guest runs with the volume, its QEMU makes the copy; it is what a power failure at that moment would have
//! left. Work on a volume takes the volume (`volume_take`) and is in the lane of its VM, so that it meets neither a
//! start nor a stop.

pub mod create;
pub mod delete;
pub mod policy;
pub mod revert;
mod schedule;

pub use create::create;
pub use delete::{delete, delete_of_account};
pub use revert::revert;
pub(crate) use schedule::{KINDS, zone};

use std::time::Duration;

use hostler_model::SnapshotId;
use hostler_store::event::NewEvent;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::{ServiceError, ServiceErrorKind};
use crate::jobs::StepContext;
use crate::orchestration::volume::input;

/// How long copying a volume may take before the agent is asked what became of it.
pub(super) const COPYING: Duration = Duration::from_mins(330);

/// What a job on a volume is to do with a snapshot.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Wants {
    /// The snapshot.
    pub(super) snapshot: SnapshotId,
}

/// The snapshot that a job on a volume is about.
///
/// # Errors
/// If the journal does not say.
pub(super) fn snapshot_of(cx: &StepContext) -> Result<SnapshotId, ServiceError> {
    let wants: Wants = serde_json::from_value(input(cx)?.wants).map_err(|e| {
        let text = format!("the journal does not say which snapshot is meant: {e}");
        ServiceError::new(ServiceErrorKind::Internal, text)
    })?;
    Ok(wants.snapshot)
}

/// What the API shows of a job: the snapshot as it is when asked.
fn snapshot_result(cx: &StepContext) -> Value {
    json!({ "snapshot": snapshot_of(cx).ok() })
}

fn step_event(
    cx: &StepContext,
    kind: &'static str,
    level: &'static str,
    snapshot: SnapshotId,
    description: String,
) -> NewEvent {
    cx.event(kind, level, ("Snapshot", snapshot.uuid()), description)
}
