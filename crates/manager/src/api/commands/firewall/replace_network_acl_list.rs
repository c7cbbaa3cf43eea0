//! `replaceNetworkACLList`: would give a network another access list. There is no access list, and it says so.

use hostler_model::NetworkId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Gives a network of a VPC another access list. There are no VPCs yet, so there is no list that could be named.
    pub(crate) struct ReplaceNetworkAclList = "replaceNetworkACLList", asynchronous;

    /// The list.
    aclid: required uuid<Uuid> .entity("networkacllist"),
    /// The network.
    networkid: optional uuid<NetworkId> .entity("network"),
}

impl Handler for ReplaceNetworkAclList {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let network = self.networkid.map(|id| ("networkid", Entity::Network, id.uuid()));
        call.require(network.into_iter().collect()).await?;
        Err(call.unknown("aclid", self.aclid))
    }
}
