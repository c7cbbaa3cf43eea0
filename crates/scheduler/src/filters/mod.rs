//! The filters, one file each, and their names.

mod affinity;
mod capability;
mod cpu;
mod disk;
mod memory;
mod retry;
mod state;
mod tags;
mod wanted;

use crate::{Demand, HostView};

/// Refuses hosts that will not do.
pub trait Filter: Sync {
    /// The name under which settings and verdicts know it.
    fn name(&self) -> &'static str;

    /// One line on what it lets through.
    fn meaning(&self) -> &'static str;

    /// Whether `host` will do for `demand`.
    ///
    /// # Errors
    /// Why not, to follow the host's name in a sentence, with the numbers.
    fn check(&self, host: &HostView, demand: &Demand) -> Result<(), String>;
}

static ALL: &[&dyn Filter] = &[
    &retry::RetryFilter,
    &wanted::WantedHostFilter,
    &state::ComputeFilter,
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
