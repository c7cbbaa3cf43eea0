//! The filters, one file each, and their names.

mod affinity;
mod availability_zone;
mod capability;
mod cpu;
mod dedication;
mod disk;
mod memory;
mod retry;
mod state;
mod tags;
mod wanted;

use crate::{Demand, HostView, Refusal};

/// Refuses hosts that will not do.
pub trait Filter: Sync {
    /// The name under which settings and verdicts know it.
    fn name(&self) -> &'static str;

    /// One line on what it lets through.
    fn meaning(&self) -> &'static str;

    /// Whether it says the same of a host for every VM of a request, whatever of them is placed already. Such a filter
    /// is asked once.
    fn is_static(&self) -> bool {
        false
    }

    /// Whether `host` will do for `demand`. Called for every host of every decision: it takes no memory.
    ///
    /// # Errors
    /// Why not.
    fn check(&self, host: &HostView, demand: &Demand) -> Result<(), Refusal>;
}

static ALL: &[&dyn Filter] = &[
    &retry::RetryFilter,
    &wanted::WantedHostFilter,
    &state::ComputeFilter,
    &availability_zone::AvailabilityZoneFilter,
    &dedication::DedicationFilter,
    &capability::CapabilityFilter,
    &tags::TagFilter,
    &affinity::AffinityFilter,
    &memory::RamFilter,
    &cpu::CpuFilter,
    &disk::StoragePoolFilter,
];

/// The filters of a zone that has no setting, in their order.
pub const DEFAULT_FILTERS: &[&str] = &[
    "RetryFilter",
    "WantedHostFilter",
    "ComputeFilter",
    "AvailabilityZoneFilter",
    "DedicationFilter",
    "CapabilityFilter",
    "TagFilter",
    "AffinityFilter",
    "RamFilter",
    "CpuFilter",
    "StoragePoolFilter",
];

/// Every filter there is.
pub fn known_filters() -> &'static [&'static dyn Filter] {
    ALL
}

/// The filter called `name`.
pub fn filter_named(name: &str) -> Option<&'static dyn Filter> {
    ALL.iter().copied().find(|filter| filter.name() == name)
}
