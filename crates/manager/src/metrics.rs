//! What the manager counts, in the form that Prometheus reads.
//!
//! Not here: serving it over HTTP (`api`).

mod process;
mod record;

use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

pub use process::ProcessMetrics;
pub use record::RecordMetrics;

/// Every metric of the manager. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    /// The agents' side.
    pub agents: AgentMetrics,
    /// The record's.
    pub record: RecordMetrics,
    /// This process's.
    pub process: ProcessMetrics,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("hostler");
        let agents = AgentMetrics::register(&mut registry);
        let record = RecordMetrics::register(&mut registry);
        let process = ProcessMetrics::register(&mut registry);
        Self { registry: Arc::new(Mutex::new(registry)), agents, record, process }
    }
}

impl Metrics {
    /// Adds the metrics of another part of the manager.
    pub fn register<T>(&self, add: impl FnOnce(&mut Registry) -> T) -> T {
        add(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Everything there is, in the text format of `OpenMetrics`.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry.lock().unwrap_or_else(PoisonError::into_inner));
        text
    }
}

/// A reason or a state, as a label.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ReasonLabel {
    /// Which one.
    pub reason: String,
}

/// The state of a connection, as a label.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct StateLabel {
    /// `connecting` or `up`.
    pub state: &'static str,
}

/// A step of the connect procedure, as a label.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct StepLabel {
    /// Its name.
    pub step: &'static str,
}

/// What is counted about agents and their connections.
#[derive(Debug, Clone)]
pub struct AgentMetrics {
    /// Connections that have said Startup, by state.
    pub connections: Family<StateLabel, Gauge>,
    /// Agents that were told why they may not come in.
    pub refusals: Family<ReasonLabel, Counter>,
    /// Connections whose first frame was no Startup.
    pub thrown_away: Counter,
    /// Connections that never got as far as a first frame, by reason.
    pub failed_handshakes: Family<ReasonLabel, Counter>,
    /// Connections that ended, by reason.
    pub ended: Family<ReasonLabel, Counter>,
    /// Requests that wait for their answer.
    pub open_orders: Gauge,
    /// Seconds that the steps of the connect procedure take.
    pub connect_steps: Family<StepLabel, Histogram>,
}

impl AgentMetrics {
    fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            connections: Family::default(),
            refusals: Family::default(),
            thrown_away: Counter::default(),
            failed_handshakes: Family::default(),
            ended: Family::default(),
            open_orders: Gauge::default(),
            connect_steps: Family::new_with_constructor(|| {
                Histogram::new(exponential_buckets(0.001, 4.0, 8))
            }),
        };
        registry.register("agents", "Agent connections by state", metrics.connections.clone());
        registry.register(
            "agent_refusals",
            "Agents that were refused, by reason",
            metrics.refusals.clone(),
        );
        registry.register(
            "agent_first_frames_thrown_away",
            "Connections whose first frame was no Startup",
            metrics.thrown_away.clone(),
        );
        registry.register(
            "agent_handshakes_failed",
            "Connections that ended before a first frame, by reason",
            metrics.failed_handshakes.clone(),
        );
        registry.register(
            "agent_links_ended",
            "Agent connections that ended, by reason",
            metrics.ended.clone(),
        );
        registry.register(
            "agent_open_orders",
            "Requests that wait for an agent's answer",
            metrics.open_orders.clone(),
        );
        registry.register(
            "agent_connect_step_seconds",
            "Time of the connect procedure's steps",
            metrics.connect_steps.clone(),
        );
        metrics
    }

    /// Counts a connection as being in `state` for as long as the result lives.
    pub fn count_connection(&self, state: &'static str) -> Counted {
        Counted::new(self.connections.get_or_create(&StateLabel { state }).clone())
    }

    /// Counts a refusal.
    pub fn refused(&self, reason: &str) {
        self.refusals.get_or_create(&ReasonLabel { reason: reason.to_owned() }).inc();
    }

    /// Counts a connection that never said anything sensible.
    pub fn handshake_failed(&self, reason: &str) {
        self.failed_handshakes.get_or_create(&ReasonLabel { reason: reason.to_owned() }).inc();
    }

    /// Counts a connection that ended.
    pub fn link_ended(&self, reason: &str) {
        self.ended.get_or_create(&ReasonLabel { reason: reason.to_owned() }).inc();
    }
}

/// One more in a gauge, until it is dropped.
#[derive(Debug)]
pub struct Counted(Gauge);

impl Counted {
    /// One more in `gauge`.
    pub fn new(gauge: Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_counted_as_long_as_it_lives() {
        let metrics = Metrics::default();
        let counted = metrics.agents.count_connection("up");
        assert!(metrics.text().contains("hostler_agents{state=\"up\"} 1"), "{}", metrics.text());
        drop(counted);
        assert!(metrics.text().contains("hostler_agents{state=\"up\"} 0"));
    }
}
