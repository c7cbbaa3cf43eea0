//! The lives of volumes, of snapshots, of templates, and of a template's copy on a storage pool.

use crate::transition::{InvalidTransition, named_enum, next};

named_enum! {
    /// A volume.
    VolumeState {
        /// Recorded; no storage is written yet.
        Allocated,
        /// A job is writing it on a pool.
        Creating,
        /// It is there.
        Ready,
        /// Its user threw it away; what is on it is kept until the cleanup delay is over.
        Destroy,
        /// A job is deleting it.
        Expunging,
        /// It is deleted.
        Expunged,
    }
}

named_enum! {
    /// What can happen to a volume.
    VolumeEvent {
        /// A job begins to write it.
        CreateRequested,
        /// The host wrote it.
        Created,
        /// It was not written, or what was written is removed again.
        CreateUndone,
        /// Its user throws it away.
        DestroyRequested,
        /// Its user wants it back, and it was written.
        RecoverRequested,
        /// Its user wants it back, and no host has written it yet.
        RecoverUnwritten,
        /// A job begins to delete it.
        ExpungeRequested,
        /// Its host would not delete it.
        ExpungeFailed,
        /// It is gone.
        Expunged,
    }
}

impl VolumeState {
    /// Every move that a volume may make.
    #[rustfmt::skip] // reads as a table
    pub const TRANSITIONS: &'static [(Self, VolumeEvent, Self)] = &[
        (Self::Allocated, VolumeEvent::CreateRequested,  Self::Creating),
        (Self::Creating,  VolumeEvent::Created,          Self::Ready),
        (Self::Creating,  VolumeEvent::CreateUndone,     Self::Allocated),
        (Self::Ready,     VolumeEvent::CreateUndone,     Self::Allocated), // a first start that failed
        (Self::Allocated, VolumeEvent::ExpungeRequested, Self::Expunging),
        (Self::Creating,  VolumeEvent::ExpungeRequested, Self::Expunging),
        (Self::Ready,     VolumeEvent::ExpungeRequested, Self::Expunging),
        (Self::Allocated, VolumeEvent::DestroyRequested, Self::Destroy),
        (Self::Ready,     VolumeEvent::DestroyRequested, Self::Destroy),
        (Self::Destroy,   VolumeEvent::RecoverRequested, Self::Ready),
        (Self::Destroy,   VolumeEvent::RecoverUnwritten, Self::Allocated),
        (Self::Destroy,   VolumeEvent::ExpungeRequested, Self::Expunging),
        (Self::Expunging, VolumeEvent::ExpungeFailed,    Self::Destroy), // not wanted, but still there
        (Self::Expunging, VolumeEvent::Expunged,         Self::Expunged),
    ];

    /// The state after `event`.
    ///
    /// # Errors
    /// [`InvalidTransition`] names the state and the event that has no row.
    pub fn next(self, event: VolumeEvent) -> Result<Self, InvalidTransition> {
        next("volume", Self::TRANSITIONS, self, event)
    }
}

named_enum! {
    /// A snapshot: a copy of a volume as it was at a moment.
    SnapshotState {
        /// Recorded; nothing is written yet.
        Allocated,
        /// A job is writing it.
        Creating,
        /// It is there, and can be used.
        BackedUp,
        /// Writing it failed; nothing of it is there.
        Error,
        /// A job is deleting it.
        Destroying,
        /// It is deleted.
        Destroyed,
    }
}

named_enum! {
    /// What can happen to a snapshot.
    SnapshotEvent {
        /// A job begins to write it.
        CopyRequested,
        /// The host has written it.
        Copied,
        /// It was not written, or what was written is removed again.
        CopyFailed,
        /// A job begins to delete it.
        DeleteRequested,
        /// Its host would not delete it.
        DeleteFailed,
        /// It is gone.
        Deleted,
    }
}

impl SnapshotState {
    /// Every move that a snapshot may make.
    #[rustfmt::skip] // reads as a table
    pub const TRANSITIONS: &'static [(Self, SnapshotEvent, Self)] = &[
        (Self::Allocated,  SnapshotEvent::CopyRequested,   Self::Creating),
        (Self::Allocated,  SnapshotEvent::CopyFailed,      Self::Error),
        (Self::Creating,   SnapshotEvent::Copied,          Self::BackedUp),
        (Self::Creating,   SnapshotEvent::CopyFailed,      Self::Error),
        (Self::BackedUp,   SnapshotEvent::CopyFailed,      Self::Error), // its job failed after all
        (Self::BackedUp,   SnapshotEvent::DeleteRequested, Self::Destroying),
        (Self::Error,      SnapshotEvent::DeleteRequested, Self::Destroying),
        (Self::Destroying, SnapshotEvent::DeleteFailed,    Self::BackedUp),
        (Self::Destroying, SnapshotEvent::Deleted,         Self::Destroyed),
    ];

    /// The state after `event`.
    ///
    /// # Errors
    /// [`InvalidTransition`] names the state and the event that has no row.
    pub fn next(self, event: SnapshotEvent) -> Result<Self, InvalidTransition> {
        next("snapshot", Self::TRANSITIONS, self, event)
    }
}

named_enum! {
    /// A template on secondary storage.
    TemplateState {
        /// Recorded; the image worker has not begun.
        Registered,
        /// The image worker is fetching it.
        Downloading,
        /// It can be used.
        Ready,
        /// Fetching it ended; the record says why.
        Failed,
        /// A job is deleting it.
        Deleting,
        /// It is deleted.
        Deleted,
    }
}

named_enum! {
    /// What can happen to a template.
    TemplateEvent {
        /// The image worker was told to fetch it.
        DownloadStarted,
        /// It is complete and checked.
        DownloadDone,
        /// It cannot be had, or is not what it says.
        DownloadFailed,
        /// A job begins to delete it.
        DeleteRequested,
        /// It is gone.
        Deleted,
    }
}

impl TemplateState {
    /// Every move that a template may make.
    #[rustfmt::skip] // reads as a table
    pub const TRANSITIONS: &'static [(Self, TemplateEvent, Self)] = &[
        (Self::Registered,  TemplateEvent::DownloadStarted, Self::Downloading),
        (Self::Registered,  TemplateEvent::DownloadFailed,  Self::Failed),
        (Self::Downloading, TemplateEvent::DownloadDone,    Self::Ready),
        (Self::Downloading, TemplateEvent::DownloadFailed,  Self::Failed),
        (Self::Registered,  TemplateEvent::DeleteRequested, Self::Deleting),
        (Self::Downloading, TemplateEvent::DeleteRequested, Self::Deleting),
        (Self::Ready,       TemplateEvent::DeleteRequested, Self::Deleting),
        (Self::Failed,      TemplateEvent::DeleteRequested, Self::Deleting),
        (Self::Deleting,    TemplateEvent::Deleted,         Self::Deleted),
    ];

    /// The state after `event`.
    ///
    /// # Errors
    /// [`InvalidTransition`] names the state and the event that has no row.
    pub fn next(self, event: TemplateEvent) -> Result<Self, InvalidTransition> {
        next("template", Self::TRANSITIONS, self, event)
    }
}

named_enum! {
    /// The copy of a template on one storage pool, from which root volumes are overlaid.
    CopyState {
        /// The pool's host is fetching it.
        Copying,
        /// It is there.
        Ready,
        /// It is being deleted.
        Deleting,
    }
}

named_enum! {
    /// What can happen to a template's copy on a pool.
    CopyEvent {
        /// The host has it.
        Copied,
        /// It begins to be deleted.
        DeleteRequested,
    }
}

impl CopyState {
    /// Every move that a copy may make.
    #[rustfmt::skip] // reads as a table
    pub const TRANSITIONS: &'static [(Self, CopyEvent, Self)] = &[
        (Self::Copying, CopyEvent::Copied,          Self::Ready),
        (Self::Copying, CopyEvent::DeleteRequested, Self::Deleting),
        (Self::Ready,   CopyEvent::DeleteRequested, Self::Deleting),
    ];

    /// The state after `event`.
    ///
    /// # Errors
    /// [`InvalidTransition`] names the state and the event that has no row.
    pub fn next(self, event: CopyEvent) -> Result<Self, InvalidTransition> {
        next("template copy", Self::TRANSITIONS, self, event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transition::has_no_row_twice;

    #[test]
    fn no_move_is_listed_twice() {
        assert!(has_no_row_twice(VolumeState::TRANSITIONS));
        assert!(has_no_row_twice(SnapshotState::TRANSITIONS));
        assert!(has_no_row_twice(TemplateState::TRANSITIONS));
        assert!(has_no_row_twice(CopyState::TRANSITIONS));
    }

    #[test]
    fn a_volume_that_was_thrown_away_is_only_taken_back_or_deleted() {
        let moves = |event: &VolumeEvent| Some((*event, VolumeState::Destroy.next(*event).ok()?));
        let moves: Vec<_> = VolumeEvent::ALL.iter().filter_map(moves).collect();
        assert_eq!(
            moves,
            [
                (VolumeEvent::RecoverRequested, VolumeState::Ready),
                (VolumeEvent::RecoverUnwritten, VolumeState::Allocated),
                (VolumeEvent::ExpungeRequested, VolumeState::Expunging),
            ]
        );
        for state in [VolumeState::Creating, VolumeState::Destroy, VolumeState::Expunging] {
            assert!(state.next(VolumeEvent::DestroyRequested).is_err(), "{state}");
        }
    }

    #[test]
    fn a_volume_that_its_host_would_not_delete_can_be_taken_back_or_deleted_again() {
        let failed = VolumeState::Expunging.next(VolumeEvent::ExpungeFailed);
        assert_eq!(failed, Ok(VolumeState::Destroy));
    }

    #[test]
    fn a_volume_or_snapshot_that_was_deleted_stays_deleted() {
        for event in VolumeEvent::ALL {
            assert!(VolumeState::Expunged.next(*event).is_err());
        }
        for event in SnapshotEvent::ALL {
            assert!(SnapshotState::Destroyed.next(*event).is_err());
        }
    }
}
