//! Several VMs at once: each takes its room before the next is placed, so that no host is given twice what it has.

use hostler_model::HostId;

use crate::decide::{Scratch, decide};
use crate::policy::Policy;
use crate::{Demand, HostView, draw};

/// A host for each of the demands, in their order; nothing: none would do for that one. `hosts` are as they are afterwards.
///
/// Demands that are alike one after another share what static filters say.
pub fn place_all(
    hosts: &mut [HostView],
    demands: &[Demand],
    policy: &Policy,
    seed: u64,
) -> Vec<Option<HostId>> {
    let (first, later): (Vec<_>, Vec<_>) =
        policy.filters.iter().copied().partition(|filter| filter.is_static());
    let first = Policy { filters: first, ..policy.clone() };
    let later = Policy { filters: later, ..policy.clone() };
    let (mut scratch, mut seed) = (Scratch::default(), seed);
    let mut chosen = Vec::with_capacity(demands.len());
    // hosts that no static filter refuses, and where each stands among all
    let (mut open, mut places): (Vec<HostView>, Vec<usize>) = (Vec::new(), Vec::new());
    let mut asked: Option<&Demand> = None;
    for demand in demands {
        if asked != Some(demand) {
            open.clear();
            places.clear();
            for (place, host) in hosts.iter().enumerate() {
                if crate::decide::first_refusal(host, demand, &first).is_none() {
                    open.push(host.clone());
                    places.push(place);
                }
            }
            asked = Some(demand);
        }
        let found = decide(&open, demand, &later, seed, &mut scratch);
        seed = draw::next(seed);
        chosen.push(found.map(|at| {
            open[at].take(demand);
            hosts[places[at]].take(demand);
            open[at].id
        }));
    }
    chosen
}
