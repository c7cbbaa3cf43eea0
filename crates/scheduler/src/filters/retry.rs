//! `RetryFilter`: hosts that failed already are not tried again.

use crate::{Demand, Filter, HostView};

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

    fn check(&self, host: &HostView, demand: &Demand) -> Result<(), String> {
        match demand.tried.iter().find(|(tried, _)| *tried == host.id) {
            Some((_, why)) => Err(format!("was tried and failed: {why}")),
            None => Ok(()),
        }
    }
}
