//! Commands about networks, and lists of what networks do not have yet.

use super::{Entry, known};

mod create_network;
mod delete_network;
mod list_ip_forwarding_rules;
mod list_networks;
mod list_port_forwarding_rules;
mod list_public_ip_addresses;
pub(crate) mod range;
mod restart_network;
mod update_network;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<create_network::CreateNetwork>(),
    known::<delete_network::DeleteNetwork>(),
    known::<list_ip_forwarding_rules::ListIpForwardingRules>(),
    known::<list_networks::ListNetworks>(),
    known::<list_port_forwarding_rules::ListPortForwardingRules>(),
    known::<list_public_ip_addresses::ListPublicIpAddresses>(),
    known::<restart_network::RestartNetwork>(),
    known::<update_network::UpdateNetwork>(),
];
