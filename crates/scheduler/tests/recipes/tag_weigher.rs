//! `GreenWeigher`: prefers hosts with the tag `green`, and refuses none.

use hostler_scheduler::{Demand, HostView, Weigher};

/// 1 with the tag, 0 without.
#[derive(Debug)]
pub(crate) struct GreenWeigher;

impl Weigher for GreenWeigher {
    fn name(&self) -> &'static str {
        "GreenWeigher"
    }

    fn meaning(&self) -> &'static str {
        "hosts with the tag green"
    }

    fn weigh(&self, host: &HostView, _demand: &Demand) -> f64 {
        if host.tags.iter().any(|tag| tag == "green") { 1.0 } else { 0.0 }
    }
}
