//! Commands about networks, and lists of what networks do not have yet.

pub(crate) mod create_network;
pub(crate) mod delete_network;
pub(crate) mod list_ip_forwarding_rules;
pub(crate) mod list_networks;
pub(crate) mod list_port_forwarding_rules;
pub(crate) mod list_public_ip_addresses;
pub(crate) mod range;
