//! `listEgressFirewallRules`: rules for what leaves networks. No network has a firewall, so the list is empty; clients ask for it all the same.

use hostler_model::{DomainId, NetworkId};
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::firewall::FIREWALL;
use crate::api::owner::wanted;

api_command! {
    /// Lists rules for what leaves networks; there are none.
    pub(crate) struct ListEgressFirewallRules = "listEgressFirewallRules", synchronous
        .object("firewallrule").shape(&FIREWALL).paged().in_projects();

    /// The one of this id.
    id: optional uuid<Uuid>,
    /// Those of this network.
    networkid: optional uuid<NetworkId> .entity("network"),
    /// Those of this account; goes with domainid.
    account: optional string,
    /// Those of accounts in this domain.
    domainid: optional uuid<DomainId> .entity("domain"),
    /// With domainid: domains below it too.
    isrecursive: optional boolean,
    /// Everything that the caller may see, not only its own.
    listall: optional boolean,
    /// Those of this public address; there are none.
    ipaddressid: optional uuid<Uuid> .entity("publicipaddress"),
    /// Accepted; there are none to show.
    fordisplay: optional boolean,
    /// Those with one of these tags.
    tags: optional records,
}

impl Handler for ListEgressFirewallRules {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let network = self.networkid.map(|id| ("networkid", Entity::Network, id.uuid()));
        call.require(network.into_iter().collect()).await?;
        if let Some(id) = self.ipaddressid {
            return Err(call.unknown("ipaddressid", id));
        }
        call.none_of(wanted!(self), self.id).await
    }
}
