//! Domains: deleting one with all that is in it.

mod delete;

pub use delete::{DeleteDomain, delete};
