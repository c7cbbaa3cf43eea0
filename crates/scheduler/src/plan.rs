//! From a snapshot to a plan that says why.

use hostler_model::HostId;

use crate::decide::{Outcome, Scratch, decide, subset_of};
use crate::policy::Policy;
use crate::verdict::{FilterCount, HostVerdict, Miss, RefusedBy, Rule, Score, Verdict};
use crate::{Demand, HostView};

/// A host for a demand, and why that one.
#[derive(Debug, Clone)]
pub struct Placement {
    /// The host.
    pub host: HostId,
    /// Why.
    pub verdict: Verdict,
}

/// No host will do; the verdict carries every host's refusal.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", verdict.for_administrator())]
pub struct NoHost {
    /// Why.
    pub verdict: Verdict,
}

/// The host for `demand`, and what became of every other.
///
/// # Errors
/// [`NoHost`] carries every host's refusal, for a person to read.
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

/// Puts a decision into words.
pub fn explain(
    hosts: &[HostView],
    demand: &Demand,
    policy: &Policy,
    seed: u64,
    scratch: &Scratch,
    chosen: Option<usize>,
) -> Verdict {
    let verdicts = hosts.iter().zip(&scratch.outcomes);
    Verdict {
        demand: demand.clone(),
        hosts: verdicts.map(|(host, out)| of_host(host, out, demand, policy, scratch)).collect(),
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
    let (host, _, why) = refused.min_by(|a, b| {
        let farther = b.1.cmp(&a.1);
        farther.then(a.2.distance().total_cmp(&b.2.distance())).then(a.0.id.cmp(&b.0.id))
    })?;
    Some(Miss {
        host: host.id,
        name: host.name.clone(),
        lacks: why.shortage().map(|(what, missing)| what.amount(missing)),
        why: why.words(host, demand),
    })
}

#[cfg(test)]
mod tests;
