//! Commands that say what the product can do.

pub mod list_apis;
pub mod list_capabilities;
