//! `TagFilter`: an offering can ask for tagged hosts.

use crate::{Demand, Filter, HostView};

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

    fn check(&self, host: &HostView, demand: &Demand) -> Result<(), String> {
        match demand.tags.iter().find(|tag| !host.tags.contains(tag)) {
            Some(tag) => Err(format!("lacks the tag {tag:?}")),
            None => Ok(()),
        }
    }
}
