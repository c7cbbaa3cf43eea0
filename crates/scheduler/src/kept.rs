//! How a decision is kept: what its hosts share is said once, so that years of decisions stay small.
//!
//! Not here: what a decision says (`verdict`).

use hostler_model::HostId;
use serde::{Deserialize, Serialize};

use crate::Demand;
use crate::verdict::{FilterCount, HostVerdict, Miss, RefusedBy, Rule, Score, Verdict};

/// A [`Verdict`] as it is kept. One that was written with every name at every host is read, too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    demand: Demand,
    /// The weighers and how much each counts, in the order of the scores of every host.
    #[serde(default)]
    weighers: Vec<(String, f64)>,
    hosts: Vec<Host>,
    #[serde(default)]
    left_out: usize,
    filters: Vec<Count>,
    chosen: Option<HostId>,
    #[serde(default)]
    rule: Rule,
    #[serde(default)]
    nearest: Option<Miss>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Host {
    host: HostId,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused: Option<RefusedBy>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    scores: Vec<Given>,
    total: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rank: Option<usize>,
}

/// A filter, how many hosts came to it, and how many it let through.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Count {
    Short(String, usize, usize),
    Whole(FilterCount),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Given {
    /// What the weigher at the same place of `weighers` gave, as exactly as people read it; the total decides.
    Value(f64),
    /// With all that it shares with other hosts.
    Whole(Score),
}

impl From<&Verdict> for Kept {
    fn from(verdict: &Verdict) -> Self {
        let longest = verdict.hosts.iter().map(|host| &host.scores).max_by_key(|s| s.len());
        let weighers: Vec<_> = longest
            .into_iter()
            .flatten()
            .map(|score| (score.weigher.clone(), score.multiplier))
            .collect();
        let given = |(at, score): (usize, &Score)| match weighers.get(at) {
            Some((name, multiplier))
                if *name == score.weigher && multiplier.to_bits() == score.multiplier.to_bits() =>
            {
                Given::Value((score.value * 1e4).round() / 1e4)
            }
            _ => Given::Whole(score.clone()),
        };
        let host = |host: &HostVerdict| Host {
            host: host.host,
            name: host.name.clone(),
            refused: host.refused.clone(),
            scores: host.scores.iter().enumerate().map(given).collect(),
            total: host.total,
            rank: host.rank,
        };
        let count =
            |count: &FilterCount| Count::Short(count.filter.clone(), count.before, count.after);
        Self {
            demand: verdict.demand.clone(),
            hosts: verdict.hosts.iter().map(host).collect(),
            left_out: verdict.left_out,
            filters: verdict.filters.iter().map(count).collect(),
            chosen: verdict.chosen,
            rule: verdict.rule.clone(),
            nearest: verdict.nearest.clone(),
            weighers,
        }
    }
}

impl From<Kept> for Verdict {
    fn from(kept: Kept) -> Self {
        let weighers = kept.weighers;
        let score = |(at, given): (usize, Given)| match given {
            Given::Whole(score) => Some(score),
            Given::Value(value) => weighers.get(at).map(|(weigher, multiplier)| Score {
                weigher: weigher.clone(),
                value,
                multiplier: *multiplier,
            }),
        };
        let host = |host: Host| HostVerdict {
            host: host.host,
            name: host.name,
            refused: host.refused,
            scores: host.scores.into_iter().enumerate().filter_map(score).collect(),
            total: host.total,
            rank: host.rank,
        };
        let count = |count: Count| match count {
            Count::Short(filter, before, after) => FilterCount { filter, before, after },
            Count::Whole(count) => count,
        };
        Self {
            demand: kept.demand,
            hosts: kept.hosts.into_iter().map(host).collect(),
            left_out: kept.left_out,
            filters: kept.filters.into_iter().map(count).collect(),
            chosen: kept.chosen,
            rule: kept.rule,
            nearest: kept.nearest,
        }
    }
}
