//! `RamFilter`: memory is never claimed twice.

use crate::{Demand, Filter, HostView};

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

    fn check(&self, host: &HostView, demand: &Demand) -> Result<(), String> {
        let (wanted, free) = (demand.memory_on(host), host.memory_free());
        if free < wanted {
            return Err(format!("has {free} free of the {wanted} wanted"));
        }
        Ok(())
    }
}
