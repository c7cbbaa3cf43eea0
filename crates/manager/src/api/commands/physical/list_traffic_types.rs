//! `listTrafficTypes`: what a wire carries, as it is recorded.

use hostler_model::PhysicalNetworkId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::physical_network::traffic_type_list;
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::physical::{TRAFFIC_TYPE, traffic_type};

api_command! {
    /// Lists what a physical network carries.
    pub(crate) struct ListTrafficTypes = "listTrafficTypes", synchronous
        .roles(Roles::ADMIN).object("traffictype").shape(&TRAFFIC_TYPE).paged();

    /// The physical network.
    physicalnetworkid: required uuid<PhysicalNetworkId> .entity("physicalnetwork"),
}

impl Handler for ListTrafficTypes {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let wire = self.physicalnetworkid;
        call.require(vec![("physicalnetworkid", Entity::PhysicalNetwork, wire.uuid())]).await?;
        let (keyword, page) = (call.keyword(), call.page()?);
        let listed =
            call.read(move |tx| Ok(traffic_type_list(tx, wire, keyword.as_deref(), page)?)).await?;
        call.list(listed, None, traffic_type).await
    }
}
