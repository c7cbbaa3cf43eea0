//! The manager: it keeps the record and takes the decisions.
//!
//! Not here: what runs on hosts (`hostler-agent`), SQL (`hostler-store`), who fits where (`hostler-scheduler`).

pub mod api;
pub mod context;
pub mod error;
pub mod settings;
