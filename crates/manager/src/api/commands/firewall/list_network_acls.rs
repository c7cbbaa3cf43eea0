//! `listNetworkACLs`: rules of access lists of virtual private clouds. There are none, so the list is empty.

use hostler_model::NetworkId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::firewall::ACL_ITEM;

api_command! {
    /// Lists rules of access lists of VPCs; there are none.
    pub(crate) struct ListNetworkAcls = "listNetworkACLs", synchronous
        .object("networkacl").shape(&ACL_ITEM).paged().owned().in_projects();

    /// The one of this id.
    id: optional uuid<Uuid>,
    /// Those of this network.
    networkid: optional uuid<NetworkId> .entity("network"),
    /// Those of this list; there are none.
    aclid: optional uuid<Uuid> .entity("networkacllist"),
    /// Those that allow, or those that deny.
    action: optional string,
    /// Those about this protocol.
    protocol: optional string,
    /// Those about traffic inwards (Ingress) or outwards (Egress).
    traffictype: optional string,
    /// Accepted; there are none to show.
    fordisplay: optional boolean,
    /// Those with one of these tags.
    tags: optional records,
}

impl Handler for ListNetworkAcls {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let network = self.networkid.map(|id| ("networkid", Entity::Network, id.uuid()));
        call.require(network.into_iter().collect()).await?;
        if let Some(id) = self.aclid {
            return Err(call.unknown("aclid", id));
        }
        call.none_of(self.id).await
    }
}
