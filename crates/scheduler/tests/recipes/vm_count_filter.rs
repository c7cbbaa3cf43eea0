//! `VmCountFilter`: no host gets more VMs than its administrators can look after.

use hostler_scheduler::{Demand, Filter, HostView, Refusal};

/// VMs that a host may have.
const MOST: u64 = 50;

/// Lets through hosts with fewer than 50 VMs.
#[derive(Debug)]
pub(crate) struct VmCountFilter;

impl Filter for VmCountFilter {
    fn name(&self) -> &'static str {
        "VmCountFilter"
    }

    fn meaning(&self) -> &'static str {
        "hosts with fewer than 50 VMs"
    }

    fn check(&self, host: &HostView, _demand: &Demand) -> Result<(), Refusal> {
        if host.runs < MOST { Ok(()) } else { Err(Refusal::Because("has 50 VMs already")) }
    }
}
