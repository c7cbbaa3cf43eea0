//! The life of a job and of its steps.

use crate::transition::named_enum;

named_enum! {
    /// An asynchronous operation, as the journal knows it.
    JobState {
        /// Written, waiting for its turn behind other jobs on the same thing.
        Queued,
        /// A step is being done.
        Running,
        /// A step waits for an agent that is away. It goes on by itself.
        Waiting,
        /// A step failed for good; the steps before it are being undone.
        Undoing,
        /// An undo cannot be done without a person. Nothing is lost; it can be resumed.
        NeedsHelp,
        /// Done.
        Succeeded,
        /// Not done, and undone.
        Failed,
        /// Called off at a safe step, and undone.
        Cancelled,
    }
}

impl JobState {
    /// Whether nothing more will happen.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }

    /// `jobstatus` of the query API: 0 pending, 1 success, 2 failure, 3 cancelled.
    pub const fn api_status(self) -> u8 {
        match self {
            Self::Succeeded => 1,
            Self::Failed => 2,
            Self::Cancelled => 3,
            Self::Queued | Self::Running | Self::Waiting | Self::Undoing | Self::NeedsHelp => 0,
        }
    }
}

named_enum! {
    /// One step of a job.
    StepState {
        /// Not begun.
        Pending,
        /// Begun: what it does may have happened, wholly, partly or not at all.
        Begun,
        /// Done and recorded.
        Done,
        /// Being undone.
        Undoing,
        /// Undone, or there was nothing to undo.
        Undone,
    }
}
