//! `RunsWeigher`: prefers hosts with fewer VMs.

use crate::{Demand, HostView, Weigher};

/// VMs there, counted against the host.
#[derive(Debug)]
pub(super) struct RunsWeigher;

impl Weigher for RunsWeigher {
    fn name(&self) -> &'static str {
        "RunsWeigher"
    }

    fn meaning(&self) -> &'static str {
        "hosts with fewer VMs"
    }

    #[allow(clippy::cast_precision_loss)] // far below 2^52
    fn weigh(&self, host: &HostView, demand: &Demand) -> f64 {
        let _ = demand;
        -(host.runs as f64)
    }
}
