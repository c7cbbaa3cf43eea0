//! Commands that say what the product can do.

pub(crate) mod list_apis;
pub(crate) mod list_capabilities;
