//! `listNetworkACLLists`: access lists of virtual private clouds. There are none, so the list is empty; clients ask for it all the same.

use hostler_model::NetworkId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::firewall::ACL_LIST;

api_command! {
    /// Lists access lists of VPCs; there are none.
    pub(crate) struct ListNetworkAclLists = "listNetworkACLLists", synchronous
        .object("networkacllist").shape(&ACL_LIST).paged().owned().in_projects();

    /// The one of this id.
    id: optional uuid<Uuid>,
    /// Those of this name.
    name: optional string,
    /// Those of this network.
    networkid: optional uuid<NetworkId> .entity("network"),
    /// Those of this VPC; there are none.
    vpcid: optional uuid<Uuid> .entity("vpc"),
    /// Accepted; there are none to show.
    fordisplay: optional boolean,
}

impl Handler for ListNetworkAclLists {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let network = self.networkid.map(|id| ("networkid", Entity::Network, id.uuid()));
        call.require(network.into_iter().collect()).await?;
        if let Some(id) = self.vpcid {
            return Err(call.unknown("vpcid", id));
        }
        call.none_of(self.id).await
    }
}
