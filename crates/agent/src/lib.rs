//! The host agent: it carries out, through libvirt, what the manager decides.
//!
//! Not here: decisions. The agent never picks a host, counts a quota or guesses an intent.

mod agent;
mod executor;
mod lanes;

pub mod connection;
pub mod journal;
pub mod properties;
pub mod resource;
pub mod worker_resource;

pub use agent::{AgentError, OnReady, resource_guid, run, run_over};
pub use properties::Properties;
