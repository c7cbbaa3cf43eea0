//! `DiskWeigher`: prefers hosts with more room for volumes.

use crate::{Demand, HostView, Weigher};

/// Room on the storage pool that would be left with the VM's volumes.
#[derive(Debug)]
pub(super) struct DiskWeigher;

impl Weigher for DiskWeigher {
    fn name(&self) -> &'static str {
        "DiskWeigher"
    }

    fn meaning(&self) -> &'static str {
        "hosts with more room on their storage pool"
    }

    #[allow(clippy::cast_precision_loss)] // an order is all that is wanted
    fn weigh(&self, host: &HostView, demand: &Demand) -> f64 {
        host.disk_free().0 as f64 - demand.disk.0 as f64
    }
}
