//! `ComputeFilter`: only hosts that work.

use crate::{Demand, Filter, HostView, Refusal};

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

    fn is_static(&self) -> bool {
        true
    }

    fn check(&self, host: &HostView, _demand: &Demand) -> Result<(), Refusal> {
        if !host.is_up {
            return Err(Refusal::NotUp);
        }
        if host.closed.is_some() {
            return Err(Refusal::Closed);
        }
        Ok(())
    }
}
