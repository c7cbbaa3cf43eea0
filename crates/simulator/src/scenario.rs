//! What a run does, as its scenario file (TOML) says. `docs/simulator.md` describes every key.
//!
//! Not here: doing it (`run`), and the language of orders (`order`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hostler_model::{Mhz, Mib};
use serde::Deserialize;

use crate::order::Order;

/// A scenario that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file cannot be read.
    #[error("cannot read the scenario {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It does not say what it should.
    #[error("the scenario {path} cannot be used: {why}")]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

/// A run from its beginning to its end.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// `hosts`: how many.
    pub hosts: usize,
    /// `clusters`: how many, each in a pod of its own; hosts are dealt out in turn. 1.
    #[serde(default = "one")]
    pub clusters: usize,
    /// `seed`: what chance begins with when it picks hosts and the next thing to do to a VM. 1.
    #[serde(default = "first_seed")]
    pub seed: u64,
    /// `[settings]` of the manager, for instance `"ping.interval" = "60"`.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// `[host]`: what each host is.
    #[serde(default)]
    pub host: HostShape,
    /// `[vms]`: what is deployed first.
    #[serde(default)]
    pub vms: First,
    /// `[rest]`: then nothing is asked for.
    #[serde(default)]
    pub rest: Rest,
    /// `restart`: whether the manager is killed and started again then. No.
    #[serde(default)]
    pub restart: bool,
    /// `[churn]`: then VMs are deployed, stopped, started and destroyed all the time.
    #[serde(default)]
    pub churn: Churn,
    /// `[[event]]`: what happens meanwhile.
    #[serde(default)]
    pub event: Vec<Event>,
    /// `[expect]`: what must hold, or the run fails.
    #[serde(default)]
    pub expect: Expect,
}

/// `[host]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HostShape {
    /// `cpus`: 64.
    pub cpus: u32,
    /// `cpu_speed`, MHz: 2500.
    pub cpu_speed: Mhz,
    /// `memory`, MiB: 262144.
    pub memory: Mib,
    /// `storage_gib`: 4000.
    pub storage_gib: u64,
    /// `answer_ms`: how long libvirt and disks take for each call, from and to; `[0, 5]`.
    pub answer_ms: (u64, u64),
    /// `backoff_max`: the longest wait between two attempts to connect; `"30s"`, as the real agent's.
    #[serde(deserialize_with = "duration")]
    pub backoff_max: Duration,
}

impl Default for HostShape {
    fn default() -> Self {
        Self {
            cpus: 64,
            cpu_speed: Mhz(2500),
            memory: Mib(262_144),
            storage_gib: 4000,
            answer_ms: (0, 5),
            backoff_max: Duration::from_secs(30),
        }
    }
}

/// `[vms]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct First {
    /// `count`: 0.
    pub count: usize,
    /// `at_once`: how many are being deployed at a time; 16.
    pub at_once: usize,
}

impl Default for First {
    fn default() -> Self {
        Self { count: 0, at_once: 16 }
    }
}

/// `[rest]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rest {
    /// `time`: how long; `"0s"`.
    #[serde(deserialize_with = "duration")]
    pub time: Duration,
}

/// `[churn]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Churn {
    /// `time`: how long; `"0s"`.
    #[serde(deserialize_with = "duration")]
    pub time: Duration,
    /// `vms`: about how many there are; 100.
    pub vms: usize,
    /// `at_once`: how many are being worked on at a time; 8.
    pub at_once: usize,
    /// `pause`: between two things that one worker does; `"0s"`.
    #[serde(deserialize_with = "duration")]
    pub pause: Duration,
}

impl Default for Churn {
    fn default() -> Self {
        Self { time: Duration::ZERO, vms: 100, at_once: 8, pause: Duration::ZERO }
    }
}

/// `[[event]]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// `at`: how long after the beginning of the churn.
    #[serde(deserialize_with = "duration")]
    pub at: Duration,
    /// `every`: and again each time that so much has passed; never.
    #[serde(default, deserialize_with = "duration")]
    pub every: Duration,
    /// `order`, for instance `"cut 10% for 20s"`.
    #[serde(rename = "do", deserialize_with = "order")]
    pub order: Order,
}

/// `[expect]`. What is not set is not asked for.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// `up_within`: hosts Up after a start of the manager.
    #[serde(deserialize_with = "maybe_duration")]
    pub up_within: Option<Duration>,
    /// `quiet_within`: after everything, how long until record and hosts agree; `"2m"`.
    #[serde(deserialize_with = "duration")]
    pub quiet_within: Duration,
    /// `memory_growth`: by how much the manager's memory may grow from the middle third of the churn to its last, as a
    /// part of what it was.
    pub memory_growth: Option<f64>,
}

impl Default for Expect {
    fn default() -> Self {
        Self { up_within: None, quiet_within: Duration::from_mins(2), memory_growth: None }
    }
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// [`ScenarioError`].
    pub fn load(path: &Path) -> Result<Self, ScenarioError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ScenarioError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&text).map_err(|why| ScenarioError::Wrong { path: path.to_owned(), why })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let scenario: Self = toml::from_str(text).map_err(|e| e.to_string())?;
        if scenario.hosts == 0 || scenario.clusters == 0 || scenario.clusters > 200 {
            return Err("hosts is at least 1, clusters from 1 to 200".to_owned());
        }
        Ok(scenario)
    }
}

const fn one() -> usize {
    1
}

const fn first_seed() -> u64 {
    1
}

/// A length of time: a number and `ms`, `s`, `m` or `h`.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let at = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = (text[..at].parse::<u64>().ok()?, &text[at..]);
    let milliseconds = match unit {
        "ms" => number,
        "s" => number.checked_mul(1_000)?,
        "m" => number.checked_mul(60_000)?,
        "h" => number.checked_mul(3_600_000)?,
        _ => return None,
    };
    Some(Duration::from_millis(milliseconds))
}

fn duration<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    parse_duration(&text).ok_or_else(|| {
        serde::de::Error::custom(format!("{text:?} is no time; 500ms, 30s, 5m and 1h are"))
    })
}

fn maybe_duration<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    duration(from).map(Some)
}

fn order<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Order, D::Error> {
    String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_scenario_is_a_number_of_hosts() {
        let scenario = Scenario::parse("hosts = 3").unwrap();
        assert_eq!((scenario.hosts, scenario.clusters, scenario.vms.count), (3, 1, 0));
        assert_eq!(scenario.host, HostShape::default());
    }

    #[test]
    fn everything_can_be_said() {
        let scenario = Scenario::parse(
            "hosts = 10\nclusters = 2\nrestart = true\n[settings]\n\"ping.interval\" = \"1\"\n\
             [host]\nmemory = 1024\nanswer_ms = [1, 2]\nbackoff_max = \"2s\"\n[vms]\ncount = 5\n\
             [rest]\ntime = \"3s\"\n[churn]\ntime = \"5m\"\nvms = 7\n\
             [[event]]\nat = \"1s\"\nevery = \"10s\"\ndo = \"cut 10% for 20s\"\n\
             [expect]\nup_within = \"30s\"\nmemory_growth = 0.1\n",
        )
        .unwrap();
        assert_eq!(scenario.host.memory, Mib(1024));
        assert_eq!(scenario.churn.time, Duration::from_mins(5));
        assert_eq!(scenario.event[0].order.to_string(), "cut 10% for 20s");
        assert_eq!(scenario.expect.up_within, Some(Duration::from_secs(30)));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, why) in [
            ("hosts = 0", "at least 1"),
            ("hosts = 1\nhosst = 2", "hosst"),
            ("hosts = 1\n[rest]\ntime = \"5\"", "is no time"),
            ("hosts = 1\n[[event]]\nat = \"1s\"\ndo = \"eat h1\"", "eat"),
        ] {
            let error = Scenario::parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn times_have_units() {
        assert_eq!(parse_duration("90s"), Some(Duration::from_secs(90)));
        assert_eq!(parse_duration("2h"), Some(Duration::from_hours(2)));
        for wrong in ["", "5", "s", "-1s", "1.5s", "1d"] {
            assert_eq!(parse_duration(wrong), None, "{wrong}");
        }
    }
}
