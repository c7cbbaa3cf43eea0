//! The life of a VM snapshot: copies of all volumes of a VM, as they were at one moment.

use crate::transition::{InvalidTransition, named_enum, next};

named_enum! {
    /// A VM snapshot.
    VmSnapshotState {
        /// Recorded; nothing is written yet.
        Allocated,
        /// A job is writing its copies.
        Creating,
        /// All of them are there.
        Ready,
        /// A job is writing the VM's volumes as the copies have them.
        Reverting,
        /// Writing them failed; nothing of them is there.
        Error,
        /// A job is deleting them.
        Expunging,
        /// It is deleted.
        Removed,
    }
}

named_enum! {
    /// What can happen to a VM snapshot.
    VmSnapshotEvent {
        /// A job begins to write its copies.
        CreateRequested,
        /// The host has written all of them.
        Created,
        /// They were not written, or what was written is removed again.
        CreateFailed,
        /// A job begins to write the VM's volumes anew.
        RevertRequested,
        /// That is over, however it ended.
        RevertEnded,
        /// A job begins to delete it.
        DeleteRequested,
        /// Its host would not delete it.
        DeleteFailed,
        /// It is gone.
        Deleted,
    }
}

impl VmSnapshotState {
    /// Every move that a VM snapshot may make.
    #[rustfmt::skip] // reads as a table
    pub const TRANSITIONS: &'static [(Self, VmSnapshotEvent, Self)] = &[
        (Self::Allocated, VmSnapshotEvent::CreateRequested, Self::Creating),
        (Self::Allocated, VmSnapshotEvent::CreateFailed,    Self::Error),
        (Self::Creating,  VmSnapshotEvent::Created,         Self::Ready),
        (Self::Creating,  VmSnapshotEvent::CreateFailed,    Self::Error),
        (Self::Ready,     VmSnapshotEvent::CreateFailed,    Self::Error), // its job failed after all
        (Self::Ready,     VmSnapshotEvent::RevertRequested, Self::Reverting),
        (Self::Reverting, VmSnapshotEvent::RevertEnded,     Self::Ready),
        (Self::Ready,     VmSnapshotEvent::DeleteRequested, Self::Expunging),
        (Self::Error,     VmSnapshotEvent::DeleteRequested, Self::Expunging),
        (Self::Expunging, VmSnapshotEvent::DeleteFailed,    Self::Ready),
        (Self::Expunging, VmSnapshotEvent::Deleted,         Self::Removed),
    ];

    /// The state after `event`.
    ///
    /// # Errors
    /// [`InvalidTransition`] names the state and the event that has no row.
    pub fn next(self, event: VmSnapshotEvent) -> Result<Self, InvalidTransition> {
        next("VM snapshot", Self::TRANSITIONS, self, event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transition::has_no_row_twice;

    #[test]
    fn no_move_is_listed_twice_and_what_was_deleted_stays_deleted() {
        assert!(has_no_row_twice(VmSnapshotState::TRANSITIONS));
        for event in VmSnapshotEvent::ALL {
            assert!(VmSnapshotState::Removed.next(*event).is_err());
        }
    }
}
