//! `listFirewallRules`: rules of firewalls. No network has one, so the list is empty; clients ask for it all the same.

use hostler_model::NetworkId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::firewall::FIREWALL;

api_command! {
    /// Lists rules of firewalls of public addresses; there are none.
    pub(crate) struct ListFirewallRules = "listFirewallRules", synchronous
        .object("firewallrule").shape(&FIREWALL).paged().owned().in_projects();

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

impl Handler for ListFirewallRules {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let network = self.networkid.map(|id| ("networkid", Entity::Network, id.uuid()));
        call.require(network.into_iter().collect()).await?;
        if let Some(id) = self.ipaddressid {
            return Err(call.unknown("ipaddressid", id));
        }
        call.none_of(self.id).await
    }
}
