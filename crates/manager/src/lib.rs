//! The manager: it keeps the record and takes the decisions.
//!
//! Not here: what runs on hosts (`hostler-agent`), SQL (`hostler-store`), who fits where (`hostler-scheduler`).

pub mod agents;
pub mod api;
pub mod backup;
pub mod ca;
pub mod config;
pub mod context;
pub mod error;
pub mod identities;
pub mod jobs;
mod ldap;
pub mod limits;
pub mod manager;
pub mod metrics;
pub mod monitors;
pub mod onboarding;
pub mod orchestration;
mod policies;
pub mod settings;
