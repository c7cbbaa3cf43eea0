//! `AffinityFilter`: members of a strict affinity group run on one host, or each on a host of its own.

use hostler_model::AffinityKind;

use crate::refusal::position;
use crate::{Demand, Filter, HostView, Refusal};

/// Lets through the hosts that the VM's strict affinity groups allow.
#[derive(Debug)]
pub(super) struct AffinityFilter;

impl Filter for AffinityFilter {
    fn name(&self) -> &'static str {
        "AffinityFilter"
    }

    fn meaning(&self) -> &'static str {
        "hosts where the VM's affinity groups allow it, or every host if it is in none"
    }

    fn check(&self, host: &HostView, demand: &Demand) -> Result<(), Refusal> {
        for (at, mate) in demand.mates.iter().enumerate() {
            match mate.kind {
                AffinityKind::Together if mate.host != host.id => {
                    return Err(Refusal::Together(position(at)));
                }
                AffinityKind::Apart if mate.host == host.id => {
                    return Err(Refusal::Apart(position(at)));
                }
                _ => {}
            }
        }
        Ok(())
    }
}
