//! `CapabilityFilter`: a guest runs only on its own architecture.

use crate::{Demand, Filter, HostView, Refusal, Resource};

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

    fn is_static(&self) -> bool {
        true
    }

    fn check(&self, host: &HostView, demand: &Demand) -> Result<(), Refusal> {
        if host.arch != demand.arch {
            return Err(Refusal::OtherArch);
        }
        if host.cpus < demand.cpus {
            let (what, free, wanted) = (Resource::Cpus, host.cpus, demand.cpus);
            return Err(Refusal::Lacks { what, free, wanted });
        }
        Ok(())
    }
}
