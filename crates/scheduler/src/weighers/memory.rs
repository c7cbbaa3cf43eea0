//! `RamWeigher`: prefers hosts with more free memory.

use crate::{Demand, HostView, Weigher};

/// Memory that would be left with the VM.
#[derive(Debug)]
pub(super) struct RamWeigher;

impl Weigher for RamWeigher {
    fn name(&self) -> &'static str {
        "RamWeigher"
    }

    fn meaning(&self) -> &'static str {
        "hosts with more free memory"
    }

    #[allow(clippy::cast_precision_loss)] // far below 2^52
    fn weigh(&self, host: &HostView, demand: &Demand) -> f64 {
        host.memory_free().0 as f64 - demand.memory_on(host).0 as f64
    }
}
