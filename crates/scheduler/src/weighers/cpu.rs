//! `CpuWeigher`: prefers hosts with more free CPU.

use crate::{Demand, HostView, Weigher};

/// CPU that would be left with the VM.
#[derive(Debug)]
pub(super) struct CpuWeigher;

impl Weigher for CpuWeigher {
    fn name(&self) -> &'static str {
        "CpuWeigher"
    }

    fn meaning(&self) -> &'static str {
        "hosts with more free CPU"
    }

    #[allow(clippy::cast_precision_loss)] // far below 2^52
    fn weigh(&self, host: &HostView, demand: &Demand) -> f64 {
        host.cpu_free().0 as f64 - demand.cpu_on(host).0 as f64
    }
}
