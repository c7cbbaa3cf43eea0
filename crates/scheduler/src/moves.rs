//! Plans of moves: where the VMs of a host would go, and which few moves would even a zone out. Values that can be shown and compared.
//!
//! Not here: carrying them out. A volume on a host's own disk moves with its VM, so it counts as room that is wanted.

use hostler_model::{AffinityGroupId, AffinityKind, Bytes, HostId, VmId};
use serde::{Deserialize, Serialize};

use crate::decide::{Scratch, consumed, decide, first_refusal};
use crate::plan::explain;
use crate::policy::Policy;
use crate::{Demand, HostView, Mate, draw};

/// A VM where it runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Occupant {
    /// The VM.
    pub vm: VmId,
    /// Its instance name.
    pub name: String,
    /// Its host.
    pub host: HostId,
    /// What it takes there. `disk` is the size of its volumes there, `disk_on` is nothing: they move with it.
    pub demand: Demand,
    /// Its affinity groups.
    pub groups: Vec<Group>,
}

/// An affinity group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Which one.
    pub id: AffinityGroupId,
    /// Its name.
    pub name: String,
    /// Where it wants its members.
    pub kind: AffinityKind,
}

/// A VM that goes from one host to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// The VM.
    pub vm: VmId,
    /// Its instance name.
    pub name: String,
    /// From where.
    pub from: HostId,
    /// To where.
    pub to: HostId,
    /// Size of the volumes that go with it.
    pub disk: Bytes,
}

/// A VM for which there is no other host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stuck {
    /// The VM.
    pub vm: VmId,
    /// Its instance name.
    pub name: String,
    /// Why, for an administrator.
    pub why: String,
}

/// Where the VMs of hosts would go.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrainPlan {
    /// In the order in which they were planned: the largest first.
    pub moves: Vec<Move>,
    /// Those that would have to stay.
    pub stuck: Vec<Stuck>,
}

/// Where the VMs of `from` would go, with every one that is placed counting for the next. `hosts` and `all` are those of the
/// whole zone.
pub fn drain(
    hosts: &[HostView],
    all: &[Occupant],
    from: &[HostId],
    policy: &Policy,
    seed: u64,
) -> DrainPlan {
    let mut hosts = hosts.to_vec();
    for host in hosts.iter_mut().filter(|host| from.contains(&host.id)) {
        host.closed = Some("it is being emptied".to_owned());
    }
    let mut there = all.to_vec();
    let mut order: Vec<usize> =
        (0..there.len()).filter(|at| from.contains(&there[*at].host)).collect();
    // the largest first: the small ones fit into what is left
    order.sort_by(|a, b| {
        let size = |at: &usize| (there[*at].demand.memory, there[*at].demand.cpus);
        size(b).cmp(&size(a)).then(there[*a].vm.cmp(&there[*b].vm))
    });
    let (mut plan, mut scratch, mut seed) = (DrainPlan::default(), Scratch::default(), seed);
    for at in order {
        let demand = with_mates(&there, at, from);
        let Occupant { vm, name, host, .. } = there[at].clone();
        if let Some(to) = decide(&hosts, &demand, policy, seed, &mut scratch) {
            hosts[to].take(&demand);
            there[at].host = hosts[to].id;
            let to = hosts[to].id;
            plan.moves.push(Move { vm, name, from: host, to, disk: demand.disk });
        } else {
            let why = explain(&hosts, &demand, policy, seed, &scratch, None);
            plan.stuck.push(Stuck { vm, name, why: why.for_administrator() });
        }
        seed = draw::next(seed);
    }
    plan
}

/// The demand of a VM with its mates where they are by now; those that still wait on a host that is emptied bind nobody.
fn with_mates(there: &[Occupant], at: usize, leaving: &[HostId]) -> Demand {
    let own = &there[at];
    let mut mates = Vec::new();
    for group in &own.groups {
        let others = there.iter().enumerate().filter(|(other, occupant)| {
            *other != at
                && !leaving.contains(&occupant.host)
                && occupant.groups.iter().any(|of| of.id == group.id)
        });
        mates.extend(others.map(|(_, occupant)| Mate {
            group: group.name.clone(),
            kind: group.kind,
            vm: occupant.name.clone(),
            host: occupant.host,
        }));
    }
    Demand { mates, ..own.demand.clone() }
}

/// Moves that would even out how full hosts are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RebalancePlan {
    /// The moves, the one that helps most first.
    pub moves: Vec<Move>,
    /// How uneven the hosts are: the standard deviation of the claimed shares of CPU or memory, whichever is larger.
    pub before: f64,
    /// The same after the moves.
    pub after: f64,
}

/// A move has to make hosts more even by this much, or it is not worth it.
const LEAST_GAIN: f64 = 0.005;

/// The fewest moves for the most gain: from the fullest host that has one, the move that helps most, again and again, at
/// most `most` times.
pub fn rebalance(
    hosts: &[HostView],
    all: &[Occupant],
    policy: &Policy,
    most: usize,
) -> RebalancePlan {
    let (mut hosts, mut there) = (hosts.to_vec(), all.to_vec());
    let before = Spread::of(&hosts).deviation();
    let mut plan = RebalancePlan { moves: Vec::new(), before, after: before };
    while plan.moves.len() < most {
        let Some((at, from, to)) = best_move(&hosts, &there, policy) else { break };
        let demand = there[at].demand.clone();
        hosts[from].give_back(&demand);
        hosts[to].take(&demand);
        let Occupant { vm, name, host, .. } = there[at].clone();
        there[at].host = hosts[to].id;
        let to = hosts[to].id;
        plan.moves.push(Move { vm, name, from: host, to, disk: demand.disk });
        plan.after = Spread::of(&hosts).deviation();
    }
    plan
}

/// The move that evens out most among those from the fullest host that has any worth making: VM, from where, to where.
fn best_move(
    hosts: &[HostView],
    there: &[Occupant],
    policy: &Policy,
) -> Option<(usize, usize, usize)> {
    let spread = Spread::of(hosts);
    let worth = spread.deviation() - LEAST_GAIN;
    let mut fullest: Vec<usize> = (0..hosts.len()).filter(|at| is_open(&hosts[*at])).collect();
    fullest.sort_by(|a, b| {
        let shares = consumed(&hosts[*b]).total_cmp(&consumed(&hosts[*a]));
        shares.then(hosts[*a].id.cmp(&hosts[*b].id))
    });
    for from in fullest {
        let mut best: Option<(f64, usize, usize)> = None;
        let here = there.iter().enumerate().filter(|(_, one)| one.host == hosts[from].id);
        for (at, occupant) in here {
            let mut left = hosts[from].clone();
            left.give_back(&occupant.demand);
            let without = spread.with(&hosts[from], &left);
            let demand = with_mates(there, at, &[]);
            for (to, host) in hosts.iter().enumerate().filter(|(to, _)| *to != from) {
                if first_refusal(host, &demand, policy).is_some() {
                    continue;
                }
                let mut filled = host.clone();
                filled.take(&demand);
                let after = without.with(host, &filled).deviation();
                if after <= worth && best.is_none_or(|(least, ..)| after < least) {
                    best = Some((after, at, to));
                }
            }
        }
        if let Some((_, at, to)) = best {
            return Some((at, from, to));
        }
    }
    None
}

fn is_open(host: &HostView) -> bool {
    host.is_up && host.closed.is_none()
}

/// How full open hosts are, as sums: what a move changes is computed without a look at all of them.
#[derive(Debug, Clone, Copy)]
struct Spread {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Spread {
    fn of(hosts: &[HostView]) -> Self {
        let none = Self { count: 0.0, sum: 0.0, squares: 0.0 };
        hosts.iter().filter(|host| is_open(host)).map(consumed).fold(none, |spread, share| Self {
            count: spread.count + 1.0,
            sum: spread.sum + share,
            squares: spread.squares + share * share,
        })
    }

    /// The same when a host has become another.
    fn with(self, before: &HostView, after: &HostView) -> Self {
        let (old, new) = (consumed(before), consumed(after));
        let squares = self.squares - old * old + new * new;
        Self { sum: self.sum - old + new, squares, ..self }
    }

    /// The standard deviation.
    fn deviation(self) -> f64 {
        let count = self.count.max(1.0);
        let mean = self.sum / count;
        (self.squares / count - mean * mean).max(0.0).sqrt()
    }
}
