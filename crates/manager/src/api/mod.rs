//! The HTTP query API.
pub mod bootstrap;
