//! `listLoadBalancerRules`: rules of load balancers. No network has one, so the list is empty; clients ask for it all the same.

use hostler_model::{NetworkId, VmId, ZoneId};
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::firewall::LOAD_BALANCER;

api_command! {
    /// Lists rules of load balancers; there are none.
    pub(crate) struct ListLoadBalancerRules = "listLoadBalancerRules", synchronous
        .object("loadbalancerrule").shape(&LOAD_BALANCER).paged().owned().in_projects();

    /// The one of this id.
    id: optional uuid<Uuid>,
    /// Those of this network.
    networkid: optional uuid<NetworkId> .entity("network"),
    /// Those of this name.
    name: optional string,
    /// Those of this public address; there are none.
    publicipid: optional uuid<Uuid> .entity("publicipaddress"),
    /// Those that this VM is behind.
    virtualmachineid: optional uuid<VmId> .entity("virtualmachine"),
    /// Those in this zone.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// Accepted; there are none to show.
    fordisplay: optional boolean,
    /// Those with one of these tags.
    tags: optional records,
}

impl Handler for ListLoadBalancerRules {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let network = self.networkid.map(|id| ("networkid", Entity::Network, id.uuid()));
        let vm = self.virtualmachineid.map(|id| ("virtualmachineid", Entity::Vm, id.uuid()));
        let zone = self.zoneid.map(|id| ("zoneid", Entity::Zone, id.uuid()));
        call.require([network, vm, zone].into_iter().flatten().collect()).await?;
        if let Some(id) = self.publicipid {
            return Err(call.unknown("publicipid", id));
        }
        call.none_of(self.id).await
    }
}
