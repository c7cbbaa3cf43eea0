//! Background tasks that bring the record and the hosts together again.
//!
//! A task compares what the database says with what hosts report or what time it is, and repairs the
//! difference through the same services and jobs as everybody else.
//!
//! Not here: work a user asked for (`orchestration`), and the rules of a VM's life (`hostler-model`).

mod downloads;
mod host_stats;
mod housekeeping;
mod vm_sync;
mod volume_look;

pub use downloads::follow_downloads;
pub use host_stats::HostStatistics;
pub use housekeeping::{clean_storage, expunge_destroyed, keep_house, keep_snapshots};
pub use vm_sync::VmSync;
pub use volume_look::VolumeLook;
