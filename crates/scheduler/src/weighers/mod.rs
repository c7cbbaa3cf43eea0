//! The weighers, one file each, and their names.

mod affinity;
mod cpu;
mod disk;
mod memory;
mod runs;

use crate::{Demand, HostView};

/// Says how good a host is. Values are brought to 0..1 among the hosts that are left, then multiplied.
pub trait Weigher: Sync {
    /// The name under which settings and verdicts know it.
    fn name(&self) -> &'static str;

    /// One line on what it prefers.
    fn meaning(&self) -> &'static str;

    /// The raw value: larger is better. Called for every host that no filter refused: it takes no memory.
    fn weigh(&self, host: &HostView, demand: &Demand) -> f64;
}

static ALL: &[&dyn Weigher] = &[
    &affinity::AffinityWeigher,
    &memory::RamWeigher,
    &cpu::CpuWeigher,
    &disk::DiskWeigher,
    &runs::RunsWeigher,
];

/// The weighers of a zone that has no setting, with their multipliers. A negative one packs. A wish of affinity
/// counts for more than all others together.
pub const DEFAULT_WEIGHERS: &[(&str, f64)] =
    &[("AffinityWeigher", 10.0), ("RamWeigher", 1.0), ("CpuWeigher", 1.0), ("RunsWeigher", 1.0)];

/// Every weigher there is.
pub fn known_weighers() -> &'static [&'static dyn Weigher] {
    ALL
}

/// The weigher called `name`.
pub fn weigher_named(name: &str) -> Option<&'static dyn Weigher> {
    ALL.iter().copied().find(|weigher| weigher.name() == name)
}
