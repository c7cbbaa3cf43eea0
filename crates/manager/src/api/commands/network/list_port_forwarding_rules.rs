//! `listPortForwardingRules`: rules that forward ports. Shared networks have none, so the list is empty; clients ask for it all the same.

use hostler_model::NetworkId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::network::FIREWALL_RULE;

api_command! {
    /// Lists rules that forward ports; shared networks have none.
    pub(crate) struct ListPortForwardingRules = "listPortForwardingRules", synchronous
        .object("portforwardingrule").shape(&FIREWALL_RULE).paged().owned().in_projects();

    /// The one of this id.
    id: optional uuid<Uuid>,
    /// Those of this network.
    networkid: optional uuid<NetworkId> .entity("network"),
    /// Those of this public address; there are none.
    ipaddressid: optional uuid<Uuid> .entity("publicipaddress"),
    /// Accepted; there are none to show.
    fordisplay: optional boolean,
    /// Those with one of these tags.
    tags: optional records,
}

impl Handler for ListPortForwardingRules {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let named = self.networkid.map(|id| ("networkid", Entity::Network, id.uuid()));
        call.require(named.into_iter().collect()).await?;
        if let Some(id) = self.ipaddressid {
            return Err(call.unknown("ipaddressid", id));
        }
        call.none_of(self.id).await
    }
}
