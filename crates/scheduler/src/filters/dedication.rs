//! `DedicationFilter`: what is dedicated to a domain or an account takes nobody else's VMs.

use crate::refusal::position;
use crate::{Demand, Filter, HostView, Refusal};

/// Lets through hosts that are kept for nobody, or for the VM's owner.
#[derive(Debug)]
pub(super) struct DedicationFilter;

impl Filter for DedicationFilter {
    fn name(&self) -> &'static str {
        "DedicationFilter"
    }

    fn meaning(&self) -> &'static str {
        "hosts that are dedicated to nobody, or to the VM's owner"
    }

    fn is_static(&self) -> bool {
        true
    }

    fn check(&self, host: &HostView, demand: &Demand) -> Result<(), Refusal> {
        let other = match &demand.owner {
            Some(owner) => host.kept_for.iter().position(|tenant| !tenant.has(owner)),
            None if host.kept_for.is_empty() => None,
            None => Some(0),
        };
        match other {
            Some(at) => Err(Refusal::Kept(position(at))),
            None => Ok(()),
        }
    }
}
