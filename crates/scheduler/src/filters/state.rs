//! `ComputeFilter`: only hosts that work.

use crate::{Demand, Filter, HostView};

/// Lets through hosts that are Up and enabled.
#[derive(Debug)]
pub(super) struct ComputeFilter;

impl Filter for ComputeFilter {
    fn name(&self) -> &'static str {
        "ComputeFilter"
    }

    fn meaning(&self) -> &'static str {
        "hosts that are Up and enabled"
    }

    fn check(&self, host: &HostView, demand: &Demand) -> Result<(), String> {
        if !host.is_up {
            return Err(format!("is {}, not Up", host.status));
        }
        if let Some(why) = &host.closed {
            return Err(format!("takes no new VMs: {why}"));
        }
        let _ = demand;
        Ok(())
    }
}
