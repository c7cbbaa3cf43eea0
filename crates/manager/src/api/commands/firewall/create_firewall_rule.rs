//! `createFirewallRule`: would open ports of a public address. There is no public address, and it says so.

use hostler_query_api::{Answer, api_command};
use uuid::Uuid;

use super::Traffic;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::firewall::FIREWALL;

api_command! {
    /// Opens ports of a public address, on a network whose offering has the service Firewall. No network has it yet,
    /// so there is no public address that could be named.
    pub(crate) struct CreateFirewallRule = "createFirewallRule", asynchronous_create
        .object("firewallrule").shape(&FIREWALL);

    /// The public address.
    ipaddressid: required uuid<Uuid> .entity("publicipaddress"),
    /// tcp, udp or icmp.
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
}

impl Handler for CreateFirewallRule {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let traffic = Traffic {
            protocol: &self.protocol,
            ports: (self.startport, self.endport),
            icmp: (self.icmptype, self.icmpcode),
        };
        traffic.check(call)?;
        Err(call.unknown("ipaddressid", self.ipaddressid))
    }
}
