//! `RetryFilter`: hosts that failed already are not tried again.

use crate::refusal::position;
use crate::{Demand, Filter, HostView, Refusal};

/// Lets through hosts that this start has not failed on yet.
#[derive(Debug)]
pub(super) struct RetryFilter;

impl Filter for RetryFilter {
    fn name(&self) -> &'static str {
        "RetryFilter"
    }

    fn meaning(&self) -> &'static str {
        "hosts that this start has not failed on yet"
    }

    fn is_static(&self) -> bool {
        true
    }

    fn check(&self, host: &HostView, demand: &Demand) -> Result<(), Refusal> {
        match demand.tried.iter().position(|(tried, _)| *tried == host.id) {
            Some(at) => Err(Refusal::Tried(position(at))),
            None => Ok(()),
        }
    }
}
