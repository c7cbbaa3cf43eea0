//! Commands about networks, and lists of what networks do not have yet.

pub mod create_network;
pub mod delete_network;
pub mod list_ip_forwarding_rules;
pub mod list_networks;
pub mod list_port_forwarding_rules;
pub mod list_public_ip_addresses;
pub mod range;
