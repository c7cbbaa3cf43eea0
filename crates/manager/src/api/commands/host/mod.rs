//! Commands about hosts.

pub(crate) mod list_hosts;
