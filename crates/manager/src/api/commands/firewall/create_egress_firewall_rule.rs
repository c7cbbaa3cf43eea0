//! `createEgressFirewallRule`: would say what may leave a network. No network here has a firewall.

use hostler_model::NetworkId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use super::{Traffic, lacking};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::firewall::FIREWALL;

api_command! {
    /// Says what may leave a network whose offering has the service Firewall. No network has it yet, so it checks
    /// what is asked for and is refused.
    pub(crate) struct CreateEgressFirewallRule = "createEgressFirewallRule", asynchronous_create
        .object("firewallrule").shape(&FIREWALL);

    /// The network.
    networkid: required uuid<NetworkId> .entity("network"),
    /// tcp, udp, icmp or all.
    protocol: required string,
    /// The first port, from 1 to 65535.
    startport: optional integer,
    /// The last port; the first one by default.
    endport: optional integer,
    /// For icmp: its type, from -1 (any) to 255.
    icmptype: optional integer,
    /// For icmp: its code, from -1 (any) to 255.
    icmpcode: optional integer,
    /// The subnets from which it may come; any by default.
    cidrlist: optional list<ipnet::IpNet>,
    /// The subnets to which it may go; any by default.
    destcidrlist: optional list<ipnet::IpNet>,
}

impl Handler for CreateEgressFirewallRule {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let network = ("networkid", Entity::Network, self.networkid.uuid());
        call.require(vec![network]).await?;
        if !self.protocol.eq_ignore_ascii_case("all") {
            let traffic = Traffic {
                protocol: &self.protocol,
                ports: (self.startport, self.endport),
                icmp: (self.icmptype, self.icmpcode),
            };
            traffic.check(call)?;
        }
        Err(lacking(call, self.networkid, "Firewall").await?)
    }
}
