//! What whole-system tests are made of.

pub mod agents;
pub mod cloud;
pub mod furnish;
pub mod http;
pub mod simulated;
pub mod sshd;
