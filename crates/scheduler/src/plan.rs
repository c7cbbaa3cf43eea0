//! From a snapshot to a plan that says why.

use hostler_model::HostId;

use crate::decide::{Outcome, Scratch, decide, subset_of};
use crate::policy::Policy;
use crate::verdict::{FilterCount, HostVerdict, Miss, RefusedBy, Rule, Score, Verdict};
use crate::{Demand, HostView, Refusal};

/// A host for a demand, and why that one.
#[derive(Debug, Clone)]
pub struct Placement {
    /// The host.
    pub host: HostId,
    /// Why.
    pub verdict: Verdict,
}

/// No host will do; the verdict carries the refusals, the nearest misses first where there are very many.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", verdict.for_administrator())]
pub struct NoHost {
    /// Why.
    pub verdict: Verdict,
}

/// The host for `demand`, and what became of every other.
///
/// # Errors
/// [`NoHost`] carries refusals, for a person to read.
pub fn place(
    hosts: &[HostView],
    demand: &Demand,
    policy: &Policy,
    seed: u64,
) -> Result<Placement, Box<NoHost>> {
    let mut scratch = Scratch::default();
    let chosen = decide(hosts, demand, policy, seed, &mut scratch);
    let verdict = explain(hosts, demand, policy, seed, &scratch, chosen);
    match verdict.chosen {
        Some(host) => Ok(Placement { host, verdict }),
        None => Err(Box::new(NoHost { verdict })),
    }
}

/// Of so many hosts a verdict tells of every one.
const ALL: usize = 100;
/// Of more it tells of so many that would do, the best, and of so many that would not, the nearest misses; the counts per filter
/// tell the rest. A verdict is kept with every placement.
const TOLD: usize = 16;

/// Puts a decision into words.
pub fn explain(
    hosts: &[HostView],
    demand: &Demand,
    policy: &Policy,
    seed: u64,
    scratch: &Scratch,
    chosen: Option<usize>,
) -> Verdict {
    let told = told(hosts, scratch, chosen);
    let verdict = |&(at, rank): &(usize, Option<usize>)| {
        let words = of_host(&hosts[at], &scratch.outcomes[at], demand, policy, scratch);
        HostVerdict { rank, ..words }
    };
    Verdict {
        demand: demand.clone(),
        hosts: told.iter().map(verdict).collect(),
        left_out: hosts.len() - told.len(),
        filters: counts(hosts.len(), policy, scratch),
        chosen: chosen.map(|at| hosts[at].id),
        rule: Rule {
            planner: policy.planner.name().to_owned(),
            subset: subset_of(policy, scratch.fitting()),
            seed: seed.to_string(),
        },
        nearest: nearest(hosts, demand, scratch).filter(|_| chosen.is_none()),
    }
}

/// The positions of the hosts that a verdict tells of, each with its place among those that would do. All, where that is
/// few enough; else the best and the one that was chosen, and those that came nearest.
fn told(
    hosts: &[HostView],
    scratch: &Scratch,
    chosen: Option<usize>,
) -> Vec<(usize, Option<usize>)> {
    if hosts.len() <= ALL {
        return (0..hosts.len()).map(|at| (at, None)).collect();
    }
    let mut told = best(hosts, scratch, chosen);
    let mut refused: Vec<_> = hosts
        .iter()
        .zip(&scratch.outcomes)
        .enumerate()
        .filter_map(|(at, (host, out))| match out {
            Outcome::Refused(filter, why) => Some((at, host, *filter, why)),
            Outcome::Fits(_) => None,
        })
        .collect();
    let nearer = |a: &Refused<'_>, b: &Refused<'_>| nearer((a.1, a.2, a.3), (b.1, b.2, b.3));
    if refused.len() > TOLD {
        refused.select_nth_unstable_by(TOLD, nearer);
        refused.truncate(TOLD);
    }
    refused.sort_unstable_by(nearer);
    told.extend(refused.iter().map(|row| (row.0, None)));
    told
}

/// The best hosts that would do, and the one that was chosen, each with its place among all that would.
fn best(
    hosts: &[HostView],
    scratch: &Scratch,
    chosen: Option<usize>,
) -> Vec<(usize, Option<usize>)> {
    let position = |slot: usize| scratch.fit[slot] as usize;
    let better = |a: &usize, b: &usize| {
        let ids = || hosts[position(*a)].id.cmp(&hosts[position(*b)].id);
        scratch.totals[*b].total_cmp(&scratch.totals[*a]).then_with(ids)
    };
    let mut slots: Vec<_> = (0..scratch.fit.len()).collect();
    let chosen = slots.iter().copied().find(|slot| Some(position(*slot)) == chosen);
    let rank =
        chosen.map(|chosen| slots.iter().filter(|slot| better(slot, &chosen).is_lt()).count());
    if slots.len() > TOLD {
        slots.select_nth_unstable_by(TOLD, better);
        slots.truncate(TOLD);
    }
    slots.sort_unstable_by(better);
    let mut best: Vec<_> =
        slots.iter().enumerate().map(|(rank, slot)| (position(*slot), Some(rank))).collect();
    if let (Some(chosen), Some(rank)) = (chosen, rank)
        && rank >= TOLD
    {
        best.push((position(chosen), Some(rank)));
    }
    best
}

/// A host that would not do: its position, itself, the filter and why.
type Refused<'a> = (usize, &'a HostView, u16, &'a Refusal);

/// Through more filters is nearer, and then the smaller share missing.
fn nearer(a: (&HostView, u16, &Refusal), b: (&HostView, u16, &Refusal)) -> std::cmp::Ordering {
    let farther = b.1.cmp(&a.1);
    farther.then(a.2.distance().total_cmp(&b.2.distance())).then(a.0.id.cmp(&b.0.id))
}

fn of_host(
    host: &HostView,
    outcome: &Outcome,
    demand: &Demand,
    policy: &Policy,
    scratch: &Scratch,
) -> HostVerdict {
    let (host_id, name) = (host.id, host.name.clone());
    match outcome {
        Outcome::Refused(filter, why) => HostVerdict {
            host: host_id,
            name,
            refused: Some(RefusedBy {
                filter: policy.filters[usize::from(*filter)].name().to_owned(),
                why: why.words(host, demand),
            }),
            scores: Vec::new(),
            total: 0.0,
            rank: None,
        },
        Outcome::Fits(slot) => {
            let slot = *slot as usize;
            let score =
                |((weigher, multiplier), value): (&(&'static dyn crate::Weigher, f64), &f64)| {
                    let weigher = weigher.name().to_owned();
                    Score { weigher, value: *value, multiplier: *multiplier }
                };
            HostVerdict {
                host: host_id,
                name,
                refused: None,
                scores: policy.weighers.iter().zip(scratch.values_of(slot)).map(score).collect(),
                total: scratch.totals[slot],
                rank: None,
            }
        }
    }
}

/// How many hosts came to each filter, and how many it let through.
fn counts(hosts: usize, policy: &Policy, scratch: &Scratch) -> Vec<FilterCount> {
    let mut before = hosts;
    let count = |(filter, refused): (&&'static dyn crate::Filter, &usize)| {
        let after = before - refused;
        let count = FilterCount { filter: filter.name().to_owned(), before, after };
        before = after;
        count
    };
    policy.filters.iter().zip(&scratch.refused).map(count).collect()
}

/// The host that came nearest: through the most filters, and of those with the smallest share missing.
fn nearest(hosts: &[HostView], demand: &Demand, scratch: &Scratch) -> Option<Miss> {
    let refused = hosts.iter().zip(&scratch.outcomes).filter_map(|(host, out)| match out {
        Outcome::Refused(filter, why) => Some((host, *filter, why)),
        Outcome::Fits(_) => None,
    });
    let (host, _, why) = refused.min_by(|a, b| nearer(*a, *b))?;
    Some(Miss {
        host: host.id,
        name: host.name.clone(),
        lacks: why.shortage().map(|(what, missing)| what.amount(missing)),
        why: why.words(host, demand),
    })
}

#[cfg(test)]
mod tests;
