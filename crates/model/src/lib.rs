//! Ids, units, names, records and the life cycles of Hostler's things.
//!
//! Everything here is a value: no I/O, no clock, no randomness, no logging. Whoever makes an id draws it
//! elsewhere and hands it in.
//!
//! Not here: what travels between manager and agent (`hostler-wire`), how records are kept (`hostler-store`).

mod access;
mod causes;
mod disk_terms;
mod generation;
mod group;
mod host_status;
mod ids;
mod job_state;
mod limit;
mod names;
mod power;
mod resource_state;
mod storage_state;
mod sync;
mod timestamp;
mod transition;
mod units;
mod vm_snapshot_state;
mod vm_state;

pub use access::{AccountType, AllocationState, LdapLinkKind, NetworkType, UserSource};
pub use causes::error_chain;
pub use disk_terms::{DiskCache, DiskTerms, Throttle, ThrottleError};
pub use generation::{Generation, Version};
pub use group::{AffinityKind, DedicatedKind, RuleDirection, UserDataPolicy};
pub use host_status::{HostEvent, HostStatus};
pub use ids::*;
pub use job_state::{JobState, StepState};
pub use limit::LimitKind;
pub use names::{HostName, InstanceName, MacAddress, NameError};
pub use power::{PowerReason, PowerState};
pub use resource_state::{ResourceEvent, ResourceState};
pub use storage_state::{
    CopyEvent, CopyState, SnapshotEvent, SnapshotState, TemplateEvent, TemplateState, VolumeEvent,
    VolumeState,
};
pub use sync::{Believed, Look, SyncAction, Work, sync_action};
pub use timestamp::Timestamp;
pub use transition::InvalidTransition;
pub use units::{Bytes, Mhz, Mib, of_physical};
pub use vm_snapshot_state::{VmSnapshotEvent, VmSnapshotState};
pub use vm_state::{RunEvent, RunState, VmEvent, VmState};
