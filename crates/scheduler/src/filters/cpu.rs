//! `CpuFilter`: CPU time is never claimed twice.

use crate::{Demand, Filter, HostView};

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

    fn check(&self, host: &HostView, demand: &Demand) -> Result<(), String> {
        let (wanted, free) = (demand.cpu_on(host), host.cpu_free());
        if free < wanted {
            return Err(format!("has {free} free of the {wanted} wanted"));
        }
        Ok(())
    }
}
