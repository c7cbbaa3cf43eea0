//! (to be written)

pub mod agents;
pub mod sshd;
