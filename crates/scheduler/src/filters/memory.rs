//! `RamFilter`: memory is never claimed twice.

use crate::{Demand, Filter, HostView, Refusal, Resource};

/// Lets through hosts with enough unclaimed memory, after overcommit.
#[derive(Debug)]
pub(super) struct RamFilter;

impl Filter for RamFilter {
    fn name(&self) -> &'static str {
        "RamFilter"
    }

    fn meaning(&self) -> &'static str {
        "hosts with enough unclaimed memory, after overcommit"
    }

    fn check(&self, host: &HostView, demand: &Demand) -> Result<(), Refusal> {
        let (wanted, free) = (demand.memory_on(host).0, host.memory_free().0);
        if free < wanted {
            return Err(Refusal::Lacks { what: Resource::Memory, free, wanted });
        }
        Ok(())
    }
}
