//! Commands about firewalls, forwarded ports, public addresses and VPCs.
//!
//! Networks are shared ones so far, and no provider of these services is there. So the lists are empty, what is
//! deleted was never there, and what is asked for is checked and refused by naming what is missing.

use hostler_model::NetworkId;
use hostler_query_api::{ApiError, ErrorClass};
use hostler_store::Page;
use hostler_store::network::{NetworkFilter, network_list};

use super::{Entry, known};
use crate::api::call::Call;
use crate::api::failure::Failure;

mod associate_ip_address;
mod create_egress_firewall_rule;
mod create_firewall_rule;
mod create_port_forwarding_rule;
mod delete_egress_firewall_rule;
mod delete_firewall_rule;
mod delete_port_forwarding_rule;
mod disable_static_nat;
mod disassociate_ip_address;
mod enable_static_nat;
mod list_egress_firewall_rules;
mod list_firewall_rules;
mod list_load_balancer_rules;
mod list_network_acl_lists;
mod list_network_acls;
mod list_vpcs;
mod replace_network_acl_list;
mod update_port_forwarding_rule;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<associate_ip_address::AssociateIpAddress>(),
    known::<create_egress_firewall_rule::CreateEgressFirewallRule>(),
    known::<create_firewall_rule::CreateFirewallRule>(),
    known::<create_port_forwarding_rule::CreatePortForwardingRule>(),
    known::<delete_egress_firewall_rule::DeleteEgressFirewallRule>(),
    known::<delete_firewall_rule::DeleteFirewallRule>(),
    known::<delete_port_forwarding_rule::DeletePortForwardingRule>(),
    known::<disable_static_nat::DisableStaticNat>(),
    known::<disassociate_ip_address::DisassociateIpAddress>(),
    known::<enable_static_nat::EnableStaticNat>(),
    known::<list_egress_firewall_rules::ListEgressFirewallRules>(),
    known::<list_firewall_rules::ListFirewallRules>(),
    known::<list_load_balancer_rules::ListLoadBalancerRules>(),
    known::<list_network_acl_lists::ListNetworkAclLists>(),
    known::<list_network_acls::ListNetworkAcls>(),
    known::<list_vpcs::ListVpcs>(),
    known::<replace_network_acl_list::ReplaceNetworkAclList>(),
    known::<update_port_forwarding_rule::UpdatePortForwardingRule>(),
];

/// The refusal for a network without a service.
async fn lacking(call: Call<'_>, id: NetworkId, service: &str) -> Result<Failure, Failure> {
    let filter = NetworkFilter { id: Some(id), ..NetworkFilter::default() };
    let view = call
        .read(move |tx| Ok(network_list(tx, &filter, Page::default())?.rows.pop()))
        .await?
        .ok_or_else(|| call.unknown("networkid", id))?;
    let why = if view.services.iter().any(|there| there == service) {
        format!("and this cloud has no provider of the service {service}")
    } else {
        format!("which does not offer the service {service}; name a network whose offering has it")
    };
    let text = format!("network {} is of offering {}, {why}", view.row.name, view.offering_name);
    Ok(Failure(ApiError::new(ErrorClass::UnsupportedService, text)))
}

/// What a rule is about.
struct Traffic<'a> {
    protocol: &'a str,
    ports: (Option<i32>, Option<i32>),
    icmp: (Option<i32>, Option<i32>),
}

impl Traffic<'_> {
    /// A protocol that is known, and ports or types that it has.
    fn check(&self, call: Call<'_>) -> Result<(), Failure> {
        let (first, last) = self.ports;
        let is_icmp = self.protocol.eq_ignore_ascii_case("icmp");
        if !is_icmp && !["tcp", "udp"].iter().any(|known| self.protocol.eq_ignore_ascii_case(known))
        {
            return Err(call.wrong("protocol", self.protocol, "tcp, udp or icmp"));
        }
        for port in [first, last].into_iter().flatten() {
            if is_icmp || !(1..=65535).contains(&port) {
                let expected = "a number from 1 to 65535, with tcp and udp";
                return Err(call.wrong("startport", &port.to_string(), expected));
            }
        }
        if let (Some(first), Some(last)) = (first, last)
            && last < first
        {
            return Err(call.wrong("endport", &last.to_string(), "at least startport"));
        }
        if first.is_none() && last.is_some() {
            return Err(call.wrong("startport", "", "the first port, where endport is the last"));
        }
        for number in [self.icmp.0, self.icmp.1].into_iter().flatten() {
            if !is_icmp || !(-1..=255).contains(&number) {
                let expected = "a number from -1 to 255, with icmp";
                return Err(call.wrong("icmptype", &number.to_string(), expected));
            }
        }
        Ok(())
    }
}
