//! One decision: every host through the filters, those that are left weighed, one of them chosen.
//!
//! Nothing is allocated for a host that passes or fails: what a decision needs is kept in a [`Scratch`], which grows once.

use hostler_model::PodId;

use crate::draw;
use crate::policy::{Planner, Policy};
use crate::{Demand, HostView, Refusal};

/// What became of one host.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome {
    /// A filter refused it, the one at this position in the policy.
    Refused(u16, Refusal),
    /// It would do; its scores are at this position.
    Fits(u32),
}

/// Room for decisions. A new one is empty; one that was used is used again without asking for memory.
#[derive(Debug, Clone, Default)]
pub struct Scratch {
    /// One for each host, in their order.
    pub(crate) outcomes: Vec<Outcome>,
    /// Positions of the hosts that would do.
    pub(crate) fit: Vec<u32>,
    /// For each host that would do, what each weigher says: 0 to 1. They stand host by host, so that a host is read once.
    values: Vec<f64>,
    /// The score of each host that would do.
    pub(crate) totals: Vec<f64>,
    /// How many hosts each filter refused.
    pub(crate) refused: Vec<usize>,
    order: Vec<u32>,
    pods: Vec<(PodId, u64)>,
}

impl Scratch {
    fn begin(&mut self, policy: &Policy) {
        self.outcomes.clear();
        self.fit.clear();
        self.values.clear();
        self.totals.clear();
        self.order.clear();
        self.pods.clear();
        self.refused.clear();
        self.refused.resize(policy.filters.len(), 0);
    }

    /// How many hosts would do.
    pub fn fitting(&self) -> usize {
        self.fit.len()
    }

    /// What the weighers say of the host that would do at `slot`, 0 to 1 each, in their order; empty where the planner does not
    /// ask them.
    pub(crate) fn values_of(&self, slot: usize) -> &[f64] {
        let each = self.values.len() / self.fit.len().max(1);
        self.values.get(slot * each..(slot + 1) * each).unwrap_or_default()
    }
}

/// The position of the host for `demand`; nothing: none will do. `seed` decides where something is drawn, and only there.
pub fn decide(
    hosts: &[HostView],
    demand: &Demand,
    policy: &Policy,
    seed: u64,
    scratch: &mut Scratch,
) -> Option<usize> {
    scratch.begin(policy);
    let asked = if policy.planner == Planner::Filter { &policy.weighers[..] } else { &[] };
    for (index, host) in hosts.iter().enumerate() {
        let outcome = match first_refusal(host, demand, policy) {
            None => {
                let slot = narrow(scratch.fit.len());
                scratch.fit.push(narrow(index));
                scratch.values.extend(asked.iter().map(|(weigher, _)| weigher.weigh(host, demand)));
                Outcome::Fits(slot)
            }
            Some((filter, why)) => {
                scratch.refused[usize::from(filter)] += 1;
                Outcome::Refused(filter, why)
            }
        };
        scratch.outcomes.push(outcome);
    }
    score(hosts, demand, policy, scratch);
    choose(hosts, policy, seed, scratch)
}

/// The first filter that refuses a host, and why.
pub(crate) fn first_refusal(
    host: &HostView,
    demand: &Demand,
    policy: &Policy,
) -> Option<(u16, Refusal)> {
    for (at, filter) in (0u16..).zip(&policy.filters) {
        if let Err(why) = filter.check(host, demand) {
            return Some((at, why));
        }
    }
    None
}

fn narrow(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

fn wide(index: u32) -> usize {
    index as usize
}

/// Scores every host that would do: by what the weighers have said, or by what the planner looks at.
fn score(hosts: &[HostView], demand: &Demand, policy: &Policy, scratch: &mut Scratch) {
    let Scratch { fit, values, totals, pods, .. } = scratch;
    totals.resize(fit.len(), 0.0);
    match policy.planner {
        Planner::Filter => {
            let each = policy.weighers.len();
            for (at, (_, multiplier)) in policy.weighers.iter().enumerate() {
                normalise(values, at, each);
                for (total, of_host) in totals.iter_mut().zip(values.chunks_exact(each)) {
                    *total += of_host[at] * multiplier;
                }
            }
            // what is kept as text and read again must order as it did
            for total in totals.iter_mut() {
                *total = (*total * 1e9).round() / 1e9;
            }
        }
        Planner::Chance | Planner::Random => {}
        Planner::FirstFit => {
            for (position, total) in totals.iter_mut().enumerate() {
                *total = -as_score(position as u64);
            }
        }
        Planner::UserDispersing => {
            for (at, total) in fit.iter().zip(totals.iter_mut()) {
                *total = -as_score(siblings_on(&hosts[wide(*at)], demand));
            }
        }
        Planner::UserConcentratedPod => {
            siblings_by_pod(hosts, demand, pods);
            for (at, total) in fit.iter().zip(totals.iter_mut()) {
                let pod = hosts[wide(*at)].pod;
                *total = as_score(pods.iter().find(|row| row.0 == pod).map_or(0, |row| row.1));
            }
        }
        Planner::FirstFitLeastConsumed => {
            for (at, total) in fit.iter().zip(totals.iter_mut()) {
                *total = -(consumed(&hosts[wide(*at)]) * 1e9).round() / 1e9;
            }
        }
    }
}

/// Brings the values of the weigher at `at`, of `each` for a host, to 0..1; equal ones to 0, and what is no number counts as
/// the worst.
fn normalise(values: &mut [f64], at: usize, each: usize) {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values.iter().skip(at).step_by(each).filter(|value| value.is_finite()) {
        (low, high) = (low.min(*value), high.max(*value));
    }
    let spread = high - low;
    for value in values.iter_mut().skip(at).step_by(each) {
        let is_usable = spread > 0.0 && value.is_finite();
        *value = if is_usable { (*value - low) / spread } else { 0.0 };
    }
}

#[allow(clippy::cast_precision_loss)] // far below 2^52
fn as_score(count: u64) -> f64 {
    count as f64
}

fn siblings_on(host: &HostView, demand: &Demand) -> u64 {
    demand.siblings.iter().filter(|row| row.0 == host.id).map(|row| row.1).sum()
}

fn siblings_by_pod(hosts: &[HostView], demand: &Demand, pods: &mut Vec<(PodId, u64)>) {
    for (id, count) in &demand.siblings {
        let Some(host) = hosts.iter().find(|host| host.id == *id) else { continue };
        match pods.iter_mut().find(|row| row.0 == host.pod) {
            Some(row) => row.1 += count,
            None => pods.push((host.pod, *count)),
        }
    }
}

/// The claimed share of CPU or memory, whichever is larger: 0 to 1.
pub(crate) fn consumed(host: &HostView) -> f64 {
    let share = |claimed: u64, all: u64| as_score(claimed) / as_score(all.max(1));
    let cpu = share(host.cpu_claimed.0, host.cpus * host.cpu_mhz.0);
    cpu.max(share(host.memory_claimed.0, host.memory.0))
}

/// One of the best: of equal ones the lower id is the better.
fn choose(hosts: &[HostView], policy: &Policy, seed: u64, scratch: &mut Scratch) -> Option<usize> {
    let Scratch { fit, totals, order, .. } = scratch;
    if fit.is_empty() {
        return None;
    }
    let better = |a: &u32, b: &u32| {
        let (a, b) = (wide(*a), wide(*b));
        let ids = || hosts[wide(fit[a])].id.cmp(&hosts[wide(fit[b])].id);
        totals[b].total_cmp(&totals[a]).then_with(ids)
    };
    let drawn = draw::below(seed, subset_of(policy, fit.len()));
    let slot = if drawn == 0 {
        (0..narrow(fit.len())).min_by(better)?
    } else {
        order.extend(0..narrow(fit.len()));
        *order.select_nth_unstable_by(drawn, better).1
    };
    Some(wide(fit[wide(slot)]))
}

/// Out of how many of the best one is drawn: as many as the policy says, at least one, at most all.
pub(crate) fn subset_of(policy: &Policy, fitting: usize) -> usize {
    match policy.planner {
        Planner::Chance | Planner::Random => fitting,
        _ => policy.subset.clamp(1, fitting.max(1)),
    }
}
