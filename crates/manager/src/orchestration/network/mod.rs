//! Guest networks that exist: serving them anew.
//!
//! Not here: how a VM's start has its NICs served (`vm::start`).

pub mod restart;

pub use restart::restart;
