//! `listPublicIpAddresses`: public addresses. Shared networks have none, so the list is empty; clients ask for it all the same.

use hostler_model::{NetworkId, PhysicalNetworkId, ZoneId};
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::network::IP_ADDRESS;

api_command! {
    /// Lists public addresses; shared networks have none.
    pub(crate) struct ListPublicIpAddresses = "listPublicIpAddresses", synchronous
        .object("publicipaddress").shape(&IP_ADDRESS).paged().owned().in_projects();

    /// The one of this id.
    id: optional uuid<Uuid>,
    /// The one of this address.
    ipaddress: optional string,
    /// Those in this state: Allocated or Free.
    state: optional string,
    /// Those in this zone.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// Those of this network, from outside.
    networkid: optional uuid<NetworkId> .entity("network"),
    /// Those that lead into this network.
    associatednetworkid: optional uuid<NetworkId> .entity("network"),
    /// Those on this physical network.
    physicalnetworkid: optional uuid<PhysicalNetworkId> .entity("physicalnetwork"),
    /// Those of this range.
    vlanid: optional uuid<Uuid> .entity("vlaniprange"),
    /// Those of this VPC; there are none.
    vpcid: optional uuid<Uuid> .entity("vpc"),
    /// Only those that somebody has.
    allocatedonly: optional boolean,
    /// Those that a load balancer has.
    forloadbalancing: optional boolean,
    /// Those that a provider beside the cloud gives out.
    forprovider: optional boolean,
    /// Those for the cloud's own VMs.
    forsystemvms: optional boolean,
    /// Those of networks behind routers.
    forvirtualnetwork: optional boolean,
    /// Those behind which a network speaks.
    issourcenat: optional boolean,
    /// Those that lead to one VM.
    isstaticnat: optional boolean,
    /// Whether to say only how many there are.
    retrieveonlyresourcecount: optional boolean,
    /// Accepted; there are none to show.
    fordisplay: optional boolean,
    /// Those with one of these tags.
    tags: optional records,
}

impl Handler for ListPublicIpAddresses {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let mut named = Vec::new();
        named.extend(self.zoneid.map(|id| ("zoneid", Entity::Zone, id.uuid())));
        named.extend(self.networkid.map(|id| ("networkid", Entity::Network, id.uuid())));
        named.extend(
            self.associatednetworkid.map(|id| ("associatednetworkid", Entity::Network, id.uuid())),
        );
        named.extend(
            self.physicalnetworkid
                .map(|id| ("physicalnetworkid", Entity::PhysicalNetwork, id.uuid())),
        );
        call.require(named).await?;
        if let Some(id) = self.vpcid {
            return Err(call.unknown("vpcid", id));
        }
        call.none_of(self.id).await
    }
}
