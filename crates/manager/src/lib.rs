//! The manager: it keeps the record and takes the decisions.
//!
//! Not here: what runs on hosts (`hostler-agent`), SQL (`hostler-store`), who fits where (`hostler-scheduler`).

pub mod agents;
pub mod ca;
pub mod error;
pub mod metrics;
pub mod onboarding;
