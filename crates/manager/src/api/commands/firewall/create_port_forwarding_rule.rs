//! `createPortForwardingRule`: would forward ports of a public address to a VM. There is no public address, and it
//! says so.

use hostler_model::{NetworkId, VmId};
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;
use uuid::Uuid;

use super::Traffic;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::network::FIREWALL_RULE;

api_command! {
    /// Forwards ports of a public address to a VM, on a network whose offering has the service PortForwarding. No
    /// network has it yet, so there is no public address that could be named.
    pub(crate) struct CreatePortForwardingRule = "createPortForwardingRule", asynchronous_create
        .object("portforwardingrule").shape(&FIREWALL_RULE);

    /// The public address.
    ipaddressid: required uuid<Uuid> .entity("publicipaddress"),
    /// tcp or udp.
    protocol: required string,
    /// The first port inside, from 1 to 65535.
    privateport: required integer,
    /// The last port inside; the first one by default.
    privateendport: optional integer,
    /// The first port outside, from 1 to 65535.
    publicport: required integer,
    /// The last port outside; the first one by default.
    publicendport: optional integer,
    /// The VM.
    virtualmachineid: required uuid<VmId> .entity("virtualmachine"),
    /// The VM's network.
    networkid: optional uuid<NetworkId> .entity("network"),
    /// The VM's address on that network.
    vmguestip: optional choice<std::net::Ipv4Addr>,
    /// The subnets from which it may come; any by default.
    cidrlist: optional list<ipnet::IpNet>,
    /// Whether the firewall is to be opened too.
    openfirewall: optional boolean,
}

impl Handler for CreatePortForwardingRule {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        if self.protocol.eq_ignore_ascii_case("icmp") {
            return Err(call.wrong("protocol", &self.protocol, "tcp or udp"));
        }
        for (first, last) in
            [(self.privateport, self.privateendport), (self.publicport, self.publicendport)]
        {
            let traffic = Traffic {
                protocol: &self.protocol,
                ports: (Some(first), last),
                icmp: (None, None),
            };
            traffic.check(call)?;
        }
        let network = self.networkid.map(|id| ("networkid", Entity::Network, id.uuid()));
        let vm = ("virtualmachineid", Entity::Vm, self.virtualmachineid.uuid());
        call.require(network.into_iter().chain([vm]).collect()).await?;
        Err(call.unknown("ipaddressid", self.ipaddressid))
    }
}
