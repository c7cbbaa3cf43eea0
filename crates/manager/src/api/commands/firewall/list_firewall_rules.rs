//! `listFirewallRules`: rules of firewalls. No network has one, so the list is empty; clients ask for it all the same.

use hostler_model::{DomainId, NetworkId};
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::firewall::FIREWALL;
use crate::api::owner::wanted;

api_command! {
    /// Lists rules of firewalls of public addresses; there are none.
    pub(crate) struct ListFirewallRules = "listFirewallRules", synchronous
        .object("firewallrule").shape(&FIREWALL).paged().in_projects();

    /// The one of this id.
    id: optional uuid<Uuid>,
    /// Those of this network.
    networkid: optional uuid<NetworkId> .entity("network"),
    /// Those of this public address; there are none.
    ipaddressid: optional uuid<Uuid> .entity("publicipaddress"),
    /// Those of this account; goes with domainid.
    account: optional string,
    /// Those of accounts in this domain.
    domainid: optional uuid<DomainId> .entity("domain"),
    /// With domainid: domains below it too.
    isrecursive: optional boolean,
    /// Everything that the caller may see, not only its own.
    listall: optional boolean,
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
        call.none_of(wanted!(self), self.id).await
    }
}
