//! `TagFilter`: an offering can ask for tagged hosts.

use crate::refusal::position;
use crate::{Demand, Filter, HostView, Refusal};

/// Lets through hosts that have every host tag of the offering.
#[derive(Debug)]
pub(super) struct TagFilter;

impl Filter for TagFilter {
    fn name(&self) -> &'static str {
        "TagFilter"
    }

    fn meaning(&self) -> &'static str {
        "hosts that have every host tag of the offering"
    }

    fn is_static(&self) -> bool {
        true
    }

    fn check(&self, host: &HostView, demand: &Demand) -> Result<(), Refusal> {
        match demand.tags.iter().position(|tag| !host.tags.contains(tag)) {
            Some(at) => Err(Refusal::NoTag(position(at))),
            None => Ok(()),
        }
    }
}
