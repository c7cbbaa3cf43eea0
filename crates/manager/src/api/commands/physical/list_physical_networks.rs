//! `listPhysicalNetworks`: the wires, as they are recorded.

use hostler_model::{PhysicalNetworkId, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::physical_network::{PhysicalNetworkFilter, physical_network_list};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::physical::{PHYSICAL_NETWORK, physical_network};

api_command! {
    /// Lists physical networks.
    pub(crate) struct ListPhysicalNetworks = "listPhysicalNetworks", synchronous
        .roles(Roles::ADMIN).object("physicalnetwork").shape(&PHYSICAL_NETWORK).paged();

    /// The physical network of this id.
    id: optional uuid<PhysicalNetworkId> .entity("physicalnetwork"),
    /// Physical networks of this name.
    name: optional string,
    /// Physical networks in this zone.
    zoneid: optional uuid<ZoneId> .entity("zone"),
}

impl Handler for ListPhysicalNetworks {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let filter = PhysicalNetworkFilter {
            id: self.id,
            zone: self.zoneid,
            name: self.name,
            keyword: call.keyword(),
        };
        let page = call.page()?;
        let listed = call.read(move |tx| Ok(physical_network_list(tx, &filter, page)?)).await?;
        let id = self.id.map(|id| (Entity::PhysicalNetwork, id.uuid()));
        call.list(listed, id, physical_network).await
    }
}
