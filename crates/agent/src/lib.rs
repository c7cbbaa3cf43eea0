//! The host agent: it carries out, through libvirt, what the manager decides.
//!
//! Not here: decisions. The agent never picks a host, counts a quota or guesses an intent.

mod agent;
mod executor;
mod lanes;
mod program;
mod stats;

pub mod commands;
pub mod connection;
pub mod domain_xml;
pub mod hypervisor;
pub mod journal;
pub mod kvm;
pub mod network;
pub mod properties;
pub mod resource;
pub mod runs;
pub mod seed;
pub mod storage;
pub mod threads;
pub mod worker_resource;

pub use agent::{AgentError, OnReady, resource_guid, run, run_over, run_with};
pub use properties::Properties;

/// The agent's version, as hosts show it: `HOSTLER_VERSION` where that was set at the build, as packagers do, else
/// the crate's.
pub const VERSION: &str = match option_env!("HOSTLER_VERSION") {
    Some(version) => version,
    None => env!("CARGO_PKG_VERSION"),
};
