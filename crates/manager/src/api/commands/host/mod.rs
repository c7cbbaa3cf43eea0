//! Commands about hosts.

pub(crate) mod add_host;
pub(crate) mod delete_host;
pub(crate) mod list_hosts;
