//! Many simulated hosts that speak the real protocol to a real manager: for scale, for what-if, and for tests.
//!
//! Of a simulated host everything is the real agent's but libvirt, the disks and the network, which are books in
//! memory. Not here: the program around it (`main.rs`), and what only tests need (`tests/harness`).

pub mod control;
pub mod dial;
pub mod figures;
pub mod fleet;
pub mod host;
pub mod identity;
pub mod load;
pub mod manager;
pub mod metrics;
pub mod order;
mod pause;
pub mod process;
pub mod run;
pub mod scenario;
pub mod worker;
