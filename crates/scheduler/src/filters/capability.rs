//! `CapabilityFilter`: a guest runs only on its own architecture.

use crate::{Demand, Filter, HostView};

/// Lets through hosts of the template's architecture with enough CPUs.
#[derive(Debug)]
pub(super) struct CapabilityFilter;

impl Filter for CapabilityFilter {
    fn name(&self) -> &'static str {
        "CapabilityFilter"
    }

    fn meaning(&self) -> &'static str {
        "hosts of the template's architecture with enough CPUs"
    }

    fn check(&self, host: &HostView, demand: &Demand) -> Result<(), String> {
        if host.arch != demand.arch {
            return Err(format!("is {}, the template is for {}", host.arch, demand.arch));
        }
        if host.cpus < demand.cpus {
            return Err(format!("has {} CPUs, the VM wants {}", host.cpus, demand.cpus));
        }
        Ok(())
    }
}
