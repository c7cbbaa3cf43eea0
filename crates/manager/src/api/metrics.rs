//! What is measured of the API: calls by command and status, and how long they take.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Upper bounds of the buckets of times, in seconds.
const BUCKETS: [f64; 8] = [0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    command: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CommandLabels {
    command: String,
}

/// The API's own numbers. Cloning them is cheap.
#[derive(Debug, Clone)]
pub struct ApiMetrics {
    calls: Family<CallLabels, Counter>,
    seconds: Family<CommandLabels, Histogram, fn() -> Histogram>,
}

impl ApiMetrics {
    /// Makes them and adds them to what `/metrics` shows.
    pub fn register(registry: &mut Registry) -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(BUCKETS);
        let calls = Family::default();
        let seconds = Family::new_with_constructor(histogram);
        registry.register("api_calls", "Calls of API commands", calls.clone());
        registry.register(
            "api_call_seconds",
            "Seconds that calls of API commands take",
            seconds.clone(),
        );
        Self { calls, seconds }
    }

    /// Counts one call.
    pub fn observe(&self, command: &str, status: u16, took: Duration) {
        let command = command.to_owned();
        self.calls.get_or_create(&CallLabels { command: command.clone(), status }).inc();
        self.seconds.get_or_create(&CommandLabels { command }).observe(took.as_secs_f64());
    }
}
