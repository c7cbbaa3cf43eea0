//! Several VMs at once: each takes its room before the next is placed, so that no host is given twice what it has, and
//! members of a group know where those before them went.

use hostler_model::HostId;

use crate::decide::{Scratch, decide, first_refusal};
use crate::policy::Policy;
use crate::{Demand, Group, HostView, Mate, draw};

/// One of the VMs.
#[derive(Debug, Clone, PartialEq)]
pub struct Want {
    /// Its name, for people.
    pub name: String,
    /// What it wants; its mates are those that run already.
    pub demand: Demand,
    /// Its affinity groups.
    pub groups: Vec<Group>,
}

/// A host for each of the VMs, in their order; nothing: none would do for that one. `hosts` are as they are afterwards.
///
/// VMs that are alike one after another share what static filters say.
pub fn place_all(
    hosts: &mut [HostView],
    wants: &[Want],
    policy: &Policy,
    seed: u64,
) -> Vec<Option<HostId>> {
    let (first, later): (Vec<_>, Vec<_>) =
        policy.filters.iter().copied().partition(|filter| filter.is_static());
    let first = Policy { filters: first, ..policy.clone() };
    let later = Policy { filters: later, ..policy.clone() };
    let (mut scratch, mut seed) = (Scratch::default(), seed);
    let mut chosen: Vec<Option<HostId>> = Vec::with_capacity(wants.len());
    // hosts that no static filter refuses, and where each stands among all
    let (mut open, mut places): (Vec<HostView>, Vec<usize>) = (Vec::new(), Vec::new());
    let mut asked: Option<&Demand> = None;
    for want in wants {
        if asked != Some(&want.demand) {
            open.clear();
            places.clear();
            for (place, host) in hosts.iter().enumerate() {
                if first_refusal(host, &want.demand, &first).is_none() {
                    open.push(host.clone());
                    places.push(place);
                }
            }
            asked = Some(&want.demand);
        }
        let found = match with_mates(want, wants, &chosen) {
            Some(demand) => decide(&open, &demand, &later, seed, &mut scratch),
            None => decide(&open, &want.demand, &later, seed, &mut scratch),
        };
        seed = draw::next(seed);
        chosen.push(found.map(|at| {
            open[at].take(&want.demand);
            hosts[places[at]].take(&want.demand);
            open[at].id
        }));
    }
    chosen
}

/// What a VM wants once others of the batch have their hosts, the first of `wants` those of `chosen`; nothing: the same.
fn with_mates(want: &Want, wants: &[Want], chosen: &[Option<HostId>]) -> Option<Demand> {
    let mut mates = Vec::new();
    for group in &want.groups {
        let is_member = |other: &Want| other.groups.iter().any(|of| of.id == group.id);
        let placed = wants.iter().zip(chosen).filter(|(other, _)| is_member(other));
        mates.extend(placed.filter_map(|(other, host)| {
            Some(Mate {
                group: group.name.clone(),
                kind: group.kind,
                vm: other.name.clone(),
                host: (*host)?,
            })
        }));
    }
    if mates.is_empty() {
        return None;
    }
    let mut demand = want.demand.clone();
    demand.mates.extend(mates);
    Some(demand)
}
