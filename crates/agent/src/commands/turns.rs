//! Orders about one snapshot take turns, whoever gives them and however often.
//!
//! A copy may take longer than the manager waits; then it orders the same again, and the second order finds what the
//! first has made.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use hostler_model::SnapshotId;

/// The turns of a host's snapshots.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<HashMap<SnapshotId, Arc<Mutex<()>>>>);

impl Turns {
    /// Whose lock is held while something is done with that snapshot.
    pub(crate) fn of(&self, snapshot: SnapshotId) -> Arc<Mutex<()>> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|id, turn| *id == snapshot || Arc::strong_count(turn) > 1);
        Arc::clone(turns.entry(snapshot).or_default())
    }
}
