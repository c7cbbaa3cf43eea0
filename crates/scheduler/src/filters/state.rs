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
        if !host.is_enabled {
            return Err("takes no new VMs: it, its cluster or its pod is disabled".to_owned());
        }
        let _ = demand;
        Ok(())
    }
}
