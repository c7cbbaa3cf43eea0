//! Why a host was chosen or refused: a result as much as the choice itself, and for reading.

use std::fmt::Write as _;

use hostler_model::HostId;
use serde::{Deserialize, Serialize};

use crate::Demand;

/// Why one host would not do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
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
    pub refused: Option<Refusal>,
    /// Its scores, if it would.
    pub scores: Vec<Score>,
    /// Their sum.
    pub total: f64,
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

/// A whole decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// What was wanted.
    pub demand: Demand,
    /// What became of each host.
    pub hosts: Vec<HostVerdict>,
    /// What each filter did.
    pub filters: Vec<FilterCount>,
    /// The host that was chosen.
    pub chosen: Option<HostId>,
}

impl Verdict {
    /// For an administrator: the counts per filter, then every host's refusal.
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
        for host in &self.hosts {
            if let Some(refusal) = &host.refused {
                let _ = write!(text, "; {} {}", host.name, refusal.why);
            }
        }
        text
    }

    /// For a user: one honest sentence without names of hosts.
    pub fn for_user(&self) -> String {
        match self.filters.iter().rev().find(|c| c.before > 0 && c.after == 0) {
            Some(count) => format!(
                "no host can take this VM just now: of {} hosts the last {} were refused by the {}",
                self.hosts.len(),
                count.before,
                count.filter
            ),
            None => "no host can take this VM just now: there is none in the zone".to_owned(),
        }
    }
}
