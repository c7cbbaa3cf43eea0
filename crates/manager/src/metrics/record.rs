//! What is counted of the record and of the database that keeps it: things by their state, placements by their end, time.

use std::time::Duration;

use hostler_store::census::Counted as Kind;
use hostler_store::{Access, Watch};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// The state of a thing, as a label.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    state: String,
}

/// How a placement ended, as a label.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct VerdictLabel {
    verdict: String,
}

/// Whether the database is read or written, as a label.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AccessLabel {
    access: &'static str,
}

/// What is counted of the record. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct RecordMetrics {
    hosts: Family<State, Gauge>,
    jobs: Family<State, Gauge>,
    vms: Family<State, Gauge>,
    placements: Family<VerdictLabel, Counter>,
    seconds: Family<AccessLabel, Histogram, fn() -> Histogram>,
    waiting: Family<AccessLabel, Gauge>,
}

impl RecordMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(exponential_buckets(0.0005, 4.0, 8));
        let metrics = Self {
            hosts: Family::default(),
            jobs: Family::default(),
            vms: Family::default(),
            placements: Family::default(),
            seconds: Family::new_with_constructor(histogram),
            waiting: Family::default(),
        };
        registry.register("hosts", "Hosts by status", metrics.hosts.clone());
        registry.register("jobs", "Jobs that are not finished, by state", metrics.jobs.clone());
        registry.register("vms", "VMs by state", metrics.vms.clone());
        registry.register(
            "placements",
            "Plans of where a VM is to start, by what came of them: placed, or the filter that left no host",
            metrics.placements.clone(),
        );
        registry.register(
            "store_seconds",
            "Seconds that reads and transactions of the database take, with their wait",
            metrics.seconds.clone(),
        );
        registry.register(
            "store_waiting",
            "Reads and transactions of the database that are waited for",
            metrics.waiting.clone(),
        );
        metrics
    }

    /// Takes a new count of things by their state.
    pub fn counted(&self, census: &[(Kind, String, u64)]) {
        for family in [&self.hosts, &self.jobs, &self.vms] {
            family.clear();
        }
        for (kind, state, number) in census {
            let family = match kind {
                Kind::Hosts => &self.hosts,
                Kind::Jobs => &self.jobs,
                Kind::Vms => &self.vms,
            };
            let gauge = family.get_or_create(&State { state: state.clone() });
            gauge.set(i64::try_from(*number).unwrap_or(i64::MAX));
        }
    }

    /// Counts a plan of where a VM is to start: `placed`, or the filter that left no host.
    pub fn placed(&self, verdict: &str) {
        self.placements.get_or_create(&VerdictLabel { verdict: verdict.to_owned() }).inc();
    }
}

impl Watch for RecordMetrics {
    fn begun(&self, access: Access) {
        self.waiting.get_or_create(&label(access)).inc();
    }

    fn ended(&self, access: Access, took: Duration) {
        self.waiting.get_or_create(&label(access)).dec();
        self.seconds.get_or_create(&label(access)).observe(took.as_secs_f64());
    }
}

const fn label(access: Access) -> AccessLabel {
    let access = match access {
        Access::Read => "read",
        Access::Write => "write",
    };
    AccessLabel { access }
}
