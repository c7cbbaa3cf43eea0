//! `listNetworks`: the guest networks. Shared ones are seen by everybody.

use hostler_model::{NetworkId, NetworkOfferingId, ZoneId};
use hostler_query_api::{Answer, api_command};
use hostler_store::network::{NetworkFilter, network_list};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::commands::tag;
use crate::api::failure::Failure;
use crate::api::objects::network::{NETWORK, network};

api_command! {
    /// Lists guest networks.
    pub(crate) struct ListNetworks = "listNetworks", synchronous .object("network").shape(&NETWORK).paged();

    /// The network of this id.
    id: optional uuid<NetworkId> .entity("network"),
    /// Networks of this name.
    name: optional string,
    /// Networks in this zone.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// Networks of this offering.
    networkofferingid: optional uuid<NetworkOfferingId> .entity("networkoffering"),
    /// Networks of this kind: Shared, Isolated or L2.
    kind "type": optional string,
    /// Networks of this traffic: Guest.
    traffictype: optional string,
    /// Those for the cloud's own VMs; there are none.
    issystem: optional boolean,
    /// Those of VPCs; there are none.
    forvpc: optional boolean,
    /// Networks with one of these tags, each a key and a value.
    tags: optional records,
    /// Everything that the caller may see.
    listall: optional boolean,
}

impl Handler for ListNetworks {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        if self.issystem == Some(true) || self.forvpc == Some(true) {
            return Ok(Answer::list(call.command, 0, Vec::new()));
        }
        let filter = NetworkFilter {
            id: self.id,
            ids: Vec::new(),
            name: self.name,
            zone: self.zoneid,
            offering: self.networkofferingid,
            guest_type: self.kind,
            traffic_type: self.traffictype,
            tags: tag::pairs(self.tags)?,
            keyword: call.keyword(),
        };
        let page = call.page()?;
        let listed = call.read(move |tx| Ok(network_list(tx, &filter, page)?)).await?;
        let id = self.id.map(|id| (Entity::Network, id.uuid()));
        call.list(listed, id, |view| network(view, call.is_root())).await
    }
}
