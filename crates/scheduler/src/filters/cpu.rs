//! `CpuFilter`: CPU time is never claimed twice.

use crate::{Demand, Filter, HostView, Refusal, Resource};

/// Lets through hosts with enough unclaimed CPU, after overcommit.
#[derive(Debug)]
pub(super) struct CpuFilter;

impl Filter for CpuFilter {
    fn name(&self) -> &'static str {
        "CpuFilter"
    }

    fn meaning(&self) -> &'static str {
        "hosts with enough unclaimed CPU, after overcommit"
    }

    fn check(&self, host: &HostView, demand: &Demand) -> Result<(), Refusal> {
        let (wanted, free) = (demand.cpu_on(host).0, host.cpu_free().0);
        if free < wanted {
            return Err(Refusal::Lacks { what: Resource::Cpu, free, wanted });
        }
        Ok(())
    }
}
