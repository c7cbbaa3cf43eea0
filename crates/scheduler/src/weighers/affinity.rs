//! `AffinityWeigher`: prefers hosts as non-strict affinity groups wish.

use hostler_model::AffinityKind;

use crate::{Demand, HostView, Weigher};

/// Mates that are to be near and are there, less those that are to be elsewhere and are there.
#[derive(Debug)]
pub(super) struct AffinityWeigher;

impl Weigher for AffinityWeigher {
    fn name(&self) -> &'static str {
        "AffinityWeigher"
    }

    fn meaning(&self) -> &'static str {
        "hosts where non-strict affinity groups wish the VM"
    }

    fn weigh(&self, host: &HostView, demand: &Demand) -> f64 {
        let here = demand.mates.iter().filter(|mate| mate.host == host.id);
        here.map(|mate| match mate.kind {
            AffinityKind::RatherTogether => 1.0,
            AffinityKind::RatherApart => -1.0,
            AffinityKind::Together | AffinityKind::Apart => 0.0,
        })
        .sum()
    }
}
