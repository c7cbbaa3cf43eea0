//! Why a host was chosen or refused: a result as much as the choice itself, for reading, and for choosing again.

use std::fmt::Write as _;

use hostler_model::HostId;
use serde::{Deserialize, Serialize};

use crate::{Demand, draw};

/// Why one host would not do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedBy {
    /// The filter that said so.
    pub filter: String,
    /// For a person, with the numbers: "has 512 MiB free of the 1024 MiB wanted".
    pub why: String,
}

/// What one weigher gave a host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The weigher.
    pub weigher: String,
    /// 0 to 1 among the hosts that were left, before the multiplier.
    pub value: f64,
    /// How much it counts.
    pub multiplier: f64,
}

/// What became of one host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostVerdict {
    /// The host.
    pub host: HostId,
    /// Its name.
    pub name: String,
    /// Why it would not do, if it would not.
    pub refused: Option<RefusedBy>,
    /// Its scores, if it would.
    pub scores: Vec<Score>,
    /// Their sum, or what the planner looked at; the larger the better.
    pub total: f64,
    /// Its place among all hosts that would do, the best first, from 0; only where not all are told of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<usize>,
}

/// How many hosts a filter got and let through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilterCount {
    /// The filter.
    pub filter: String,
    /// Hosts that came to it.
    pub before: usize,
    /// Hosts that it let through.
    pub after: usize,
}

/// By which rule one of the hosts that were left was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Rule {
    /// The planner.
    pub planner: String,
    /// Out of how many of the best one was drawn.
    pub subset: usize,
    /// What the draw followed from; as text, because not everything that reads JSON knows such numbers.
    pub seed: String,
}

/// The host that came nearest to doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Miss {
    /// The host.
    pub host: HostId,
    /// Its name.
    pub name: String,
    /// How much it lacks, if that is all: "512 MiB".
    pub lacks: Option<String>,
    /// Why it would not do.
    pub why: String,
}

/// A whole decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// What was wanted.
    pub demand: Demand,
    /// What became of each host; of very many, of the best and of those that came nearest.
    pub hosts: Vec<HostVerdict>,
    /// How many hosts more there were.
    #[serde(default)]
    pub left_out: usize,
    /// What each filter did.
    pub filters: Vec<FilterCount>,
    /// The host that was chosen.
    pub chosen: Option<HostId>,
    /// How it was.
    #[serde(default)]
    pub rule: Rule,
    /// If none was, the host that came nearest.
    #[serde(default)]
    pub nearest: Option<Miss>,
}

impl Verdict {
    /// Chooses again from what is kept: the same host as then.
    pub fn again(&self) -> Option<HostId> {
        let mut left: Vec<_> = self.hosts.iter().filter(|host| host.refused.is_none()).collect();
        left.sort_by(|a, b| b.total.total_cmp(&a.total).then(a.host.cmp(&b.host)));
        let seed = self.rule.seed.parse().unwrap_or_default();
        if self.left_out > 0 {
            let drawn = draw::below(seed, self.rule.subset.max(1));
            return left.iter().find(|host| host.rank == Some(drawn)).map(|host| host.host);
        }
        let drawn = draw::below(seed, self.rule.subset.clamp(1, left.len().max(1)));
        left.get(drawn).map(|host| host.host)
    }

    /// For an administrator: the counts per filter, and the nearest miss.
    pub fn for_administrator(&self) -> String {
        if self.hosts.is_empty() {
            return "no destination: there is no host in the zone; add one".to_owned();
        }
        let mut text = String::from("no destination: ");
        let mut first = true;
        for count in self.filters.iter().filter(|c| c.before != c.after) {
            let comma = if first { "" } else { ", " };
            // writing to a String cannot fail
            let _ = write!(text, "{comma}{} {}→{}", count.filter, count.before, count.after);
            first = false;
        }
        if let Some(miss) = &self.nearest {
            let name = &miss.name;
            let _ = match &miss.lacks {
                Some(lacks) => write!(text, "; nearest: {name} lacks {lacks}, it {}", miss.why),
                None => write!(text, "; nearest: {name} {}", miss.why),
            };
        }
        text
    }

    /// The filter after which no host was left; nothing: one was chosen, or there was none to begin with.
    pub fn stopped_by(&self) -> Option<&str> {
        self.last_stop().map(|count| count.filter.as_str())
    }

    fn last_stop(&self) -> Option<&FilterCount> {
        self.filters.iter().find(|count| count.before > 0 && count.after == 0)
    }

    /// For a user: one honest sentence without names of hosts.
    pub fn for_user(&self) -> String {
        let Some(last) = self.last_stop() else {
            return "no host can take this VM: there is none in the zone".to_owned();
        };
        let what = match last.filter.as_str() {
            "RamFilter" => "none has enough free memory",
            "CpuFilter" => "none has enough free CPU",
            "StoragePoolFilter" => "none has its volumes, or room for them",
            "ComputeFilter" => "none is up and takes new VMs",
            "CapabilityFilter" => "none has the template's architecture and enough CPUs",
            "TagFilter" => "none has the tags that the offering or the template asks for",
            "AffinityFilter" => "its affinity groups leave none",
            "AvailabilityZoneFilter" => "none is in the availability zone that was asked for",
            "DedicationFilter" => "all are kept for others",
            "WantedHostFilter" => "the one that was asked for is not there",
            "RetryFilter" => "every one that could was tried, and failed",
            other => return format!("no host can take this VM just now: {other} leaves none"),
        };
        let whole = last.before == self.hosts.len() + self.left_out;
        let of = if whole { "" } else { "of those that it could run on, " };
        format!("no host can take this VM just now: {of}{what}")
    }
}
