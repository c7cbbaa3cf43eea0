//! A typed client of Hostler's query API, for the command line and for programs.
//!
//! ```no_run
//! # async fn example() -> Result<(), hostler_client::ClientError> {
//! use hostler_client::{Config, Request, Session, resources::VirtualMachine};
//!
//! let session = Session::connect(&Config::load()?)?;
//! for vm in session.list::<VirtualMachine>(&Request::new("listVirtualMachines")).await? {
//!     println!("{} {}", vm.name, vm.state);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A [`Session`] is cheap to clone. What it does beyond sending one request stands in layers that can be stacked
//! (`layers`). Not here: anything for people to look at, and rules of the cloud.

pub mod config;
pub mod error;
mod http;
pub mod job;
pub mod layers;
pub mod login;
pub mod mask;
pub mod request;
pub mod resources;
pub mod session;
pub mod vms;

pub use config::{Config, ConfigError};
pub use error::ClientError;
pub use job::{JobHandle, JobView, Patience};
pub use request::{Reply, Request, Service};
pub use session::{Session, SessionBuilder};
