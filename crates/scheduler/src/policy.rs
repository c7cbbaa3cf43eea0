//! How hosts are chosen, by names: a planner, filters in their order, weighers with their multipliers.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use crate::filters::{DEFAULT_FILTERS, filter_named, known_filters};
use crate::weighers::{DEFAULT_WEIGHERS, known_weighers, weigher_named};
use crate::{Filter, Weigher};

/// Which of the hosts that no filter refuses is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Planner {
    /// The one that the weighers like best; nova's filter scheduler.
    #[default]
    Filter,
    /// Any, all with the same chance; nova's chance scheduler.
    Chance,
    /// The first in the order of names; CloudStack's first fit.
    FirstFit,
    /// Any; CloudStack's name of it.
    Random,
    /// One with the fewest VMs of the same owner.
    UserDispersing,
    /// One in the pod with the most VMs of the same owner.
    UserConcentratedPod,
    /// The one of whose CPU or memory, whichever is scarcer there, the smallest share is claimed.
    FirstFitLeastConsumed,
}

/// Planners by the names that settings have for them, with one line on each.
pub const PLANNERS: &[(&str, Planner, &str)] = &[
    ("filter", Planner::Filter, "the host that the weighers like best"),
    ("chance", Planner::Chance, "any host, all with the same chance"),
    ("firstfit", Planner::FirstFit, "the first host in the order of names"),
    ("random", Planner::Random, "the same as chance"),
    ("userdispersing", Planner::UserDispersing, "a host with the fewest VMs of the same owner"),
    (
        "userconcentratedpod",
        Planner::UserConcentratedPod,
        "a host of the pod with the most VMs of the same owner",
    ),
    (
        "firstfitleastconsumed",
        Planner::FirstFitLeastConsumed,
        "the host of which the smallest share is claimed",
    ),
];

impl Planner {
    /// Its name.
    pub fn name(self) -> &'static str {
        PLANNERS.iter().find(|row| row.1 == self).map_or("filter", |row| row.0)
    }

    /// Whether it wants to know where other VMs of the same owner are.
    pub const fn looks_at_siblings(self) -> bool {
        matches!(self, Self::UserDispersing | Self::UserConcentratedPod)
    }
}

impl fmt::Display for Planner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Planner {
    type Err = PolicyError;

    fn from_str(name: &str) -> Result<Self, PolicyError> {
        let found = PLANNERS.iter().find(|row| row.0.eq_ignore_ascii_case(name.trim()));
        found.map(|row| row.1).ok_or_else(|| PolicyError::Unknown {
            kind: "planner",
            name: name.trim().to_owned(),
            known: PLANNERS.iter().map(|row| row.0).collect::<Vec<_>>().join(", "),
        })
    }
}

/// How hosts are chosen.
#[derive(Clone)]
pub struct Policy {
    /// Which of those that are left.
    pub planner: Planner,
    /// Out of how many of the best one is drawn; 1: the best.
    pub subset: usize,
    pub(crate) filters: Vec<&'static dyn Filter>,
    pub(crate) weighers: Vec<(&'static dyn Weigher, f64)>,
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}: {}", self.planner, self.filter_names(), self.weigher_names())
    }
}

/// A policy that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// A name that no planner, filter or weigher has.
    #[error("there is no {kind} {name:?}; known are {known}")]
    Unknown {
        /// Planner, filter or weigher.
        kind: &'static str,
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// A multiplier that is no number.
    #[error(
        "the multiplier of {weigher} cannot be {value:?}; write {weigher}=1.5, or -1 to prefer the opposite"
    )]
    Multiplier {
        /// Of which weigher.
        weigher: String,
        /// What was given.
        value: String,
    },
    /// A name that stands there twice.
    #[error("{0} is named twice")]
    Twice(String),
}

impl Policy {
    /// A policy of the named filters and weighers.
    ///
    /// # Errors
    /// [`PolicyError`] lists the names that are known.
    pub fn of(filters: &[&str], weighers: &[(&str, f64)]) -> Result<Self, PolicyError> {
        let mut policy = Self {
            planner: Planner::Filter,
            subset: 1,
            filters: Vec::with_capacity(filters.len()),
            weighers: Vec::with_capacity(weighers.len()),
        };
        for name in filters {
            policy = policy.with_filter(filter(name)?)?;
        }
        for (name, multiplier) in weighers {
            policy = policy.with_weigher(weigher(name)?, *multiplier)?;
        }
        Ok(policy)
    }

    /// The same as settings write it: names with commas between them, `NAME=MULTIPLIER` for weighers.
    ///
    /// # Errors
    /// [`PolicyError`] lists the names that are known.
    pub fn parse(planner: &str, filters: &str, weighers: &str) -> Result<Self, PolicyError> {
        let mut weights = Vec::new();
        for entry in entries(weighers) {
            let (name, text) = entry.split_once('=').unwrap_or((entry, "1"));
            let (name, text) = (name.trim(), text.trim());
            let multiplier = text.parse::<f64>().ok().filter(|number| number.is_finite());
            let multiplier = multiplier.ok_or_else(|| PolicyError::Multiplier {
                weigher: name.to_owned(),
                value: text.to_owned(),
            })?;
            weights.push((name, multiplier));
        }
        let names: Vec<&str> = entries(filters).collect();
        Ok(Self { planner: planner.parse()?, ..Self::of(&names, &weights)? })
    }

    /// The policy of a zone that has no setting.
    ///
    /// # Panics
    /// Never: a test holds that every default name is known.
    pub fn standard() -> Self {
        Self::of(DEFAULT_FILTERS, DEFAULT_WEIGHERS).expect("every default name is known")
    }

    /// The same with one more filter, asked last.
    ///
    /// # Errors
    /// [`PolicyError::Twice`].
    pub fn with_filter(mut self, filter: &'static dyn Filter) -> Result<Self, PolicyError> {
        if self.filters.iter().any(|there| there.name() == filter.name()) {
            return Err(PolicyError::Twice(filter.name().to_owned()));
        }
        self.filters.push(filter);
        Ok(self)
    }

    /// The same with one more weigher.
    ///
    /// # Errors
    /// [`PolicyError::Twice`].
    pub fn with_weigher(
        mut self,
        weigher: &'static dyn Weigher,
        multiplier: f64,
    ) -> Result<Self, PolicyError> {
        if self.weighers.iter().any(|(there, _)| there.name() == weigher.name()) {
            return Err(PolicyError::Twice(weigher.name().to_owned()));
        }
        self.weighers.push((weigher, multiplier));
        Ok(self)
    }

    /// Its filters as settings write them.
    pub fn filter_names(&self) -> String {
        self.filters.iter().map(|filter| filter.name()).collect::<Vec<_>>().join(",")
    }

    /// Its weighers as settings write them.
    pub fn weigher_names(&self) -> String {
        let mut text = String::new();
        for (weigher, multiplier) in &self.weighers {
            let comma = if text.is_empty() { "" } else { "," };
            // writing to a String cannot fail
            let _ = write!(text, "{comma}{}={multiplier}", weigher.name());
        }
        text
    }
}

fn entries(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|entry| !entry.is_empty())
}

fn filter(name: &str) -> Result<&'static dyn Filter, PolicyError> {
    filter_named(name).ok_or_else(|| PolicyError::Unknown {
        kind: "filter",
        name: name.to_owned(),
        known: known_filters().iter().map(|f| f.name()).collect::<Vec<_>>().join(", "),
    })
}

fn weigher(name: &str) -> Result<&'static dyn Weigher, PolicyError> {
    weigher_named(name).ok_or_else(|| PolicyError::Unknown {
        kind: "weigher",
        name: name.to_owned(),
        known: known_weighers().iter().map(|w| w.name()).collect::<Vec<_>>().join(", "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_not_known_is_refused_with_those_that_are() {
        let unknown = |planner, filters, weighers| {
            Policy::parse(planner, filters, weighers).unwrap_err().to_string()
        };
        let text = unknown("filter", "RamFilter, NoSuchFilter", "");
        assert!(
            text.starts_with("there is no filter \"NoSuchFilter\"; known are RetryFilter, "),
            "{text}"
        );
        let text = unknown("filter", "", "RamWeigher=1,Nice=2");
        assert!(text.contains("no weigher \"Nice\"") && text.contains("RunsWeigher"), "{text}");
        let text = unknown("best", "", "");
        assert!(text.contains("no planner \"best\"; known are filter, chance, firstfit"), "{text}");
        assert!(unknown("filter", "", "RamWeigher=much").contains("cannot be \"much\""));
        assert_eq!(unknown("filter", "RamFilter,RamFilter", ""), "RamFilter is named twice");
    }

    #[test]
    fn what_a_policy_writes_of_itself_makes_the_same_policy() {
        let policy = Policy::parse(
            "userdispersing",
            "ComputeFilter, RamFilter",
            "RamWeigher=-1.5, RunsWeigher",
        )
        .unwrap();
        assert_eq!(policy.filter_names(), "ComputeFilter,RamFilter");
        assert_eq!(policy.weigher_names(), "RamWeigher=-1.5,RunsWeigher=1");
        let again =
            Policy::parse(policy.planner.name(), &policy.filter_names(), &policy.weigher_names());
        assert_eq!(format!("{:?}", again.unwrap()), format!("{policy:?}"));
    }
}
