//! (to be written)

pub mod agents;
