//! The manager's database: schema, migrations, and one module per table. The only SQL there is.
//!
//! A function here does one thing to one table and takes its caller's transaction, so that a caller can
//! write what belongs together in one. No network call is made inside one.
//!
//! Not here: decisions, life cycles (`hostler-model` has their tables), what the API shows.

mod columns;
mod connection;
mod error;
mod listing;
mod migrate;
mod threads;

pub mod account;
mod account_groups;
pub mod address;
pub mod affinity_group;
pub mod alien;
pub mod audit;
pub mod backup;
pub mod blueprint;
pub mod capacity;
pub mod cause;
pub mod claim;
pub mod cluster;
pub mod deploy;
pub mod deploy_groups;
pub mod disk_offering;
pub mod domain;
pub mod drift;
pub mod event;
pub mod event_view;
pub mod history;
pub mod holdings;
pub mod host;
pub mod host_view;
mod hosts_now;
pub mod installation;
pub mod instance_group;
pub mod ip_range;
pub mod job;
pub mod job_view;
pub mod limit;
pub mod network;
pub mod network_offering;
pub mod nic;
pub mod nic_change;
pub mod occupant;
pub mod offering_scope;
pub mod physical_network;
pub mod place;
pub mod placement;
pub mod pod;
pub mod project;
pub mod reference;
pub mod role;
pub mod run;
pub mod run_sight;
pub mod security_group;
pub mod security_group_view;
pub mod security_rule;
pub mod service_offering;
pub mod session;
pub mod setting;
pub mod snapshot;
pub mod snapshot_policy;
pub mod snapshot_view;
pub mod ssh_keypair;
pub mod step;
pub mod storage_pool;
pub mod storage_pool_view;
pub mod stray;
pub mod tag;
pub mod template;
pub mod template_change;
pub mod template_view;
pub mod user;
pub mod user_data;
pub mod vm;
pub mod vm_change;
pub mod vm_groups;
pub mod vm_view;
pub mod volume;
pub mod volume_replace;
pub mod volume_view;
pub mod zone;

pub use connection::{COMMIT, Counters, STATEMENTS, Store, Tx};
pub use error::StoreError;
pub use hosts_now::ZoneHosts;
pub(crate) use listing::still_used;
pub use listing::{Listed, Page, Scope};
pub use threads::{Pace, Threads};
