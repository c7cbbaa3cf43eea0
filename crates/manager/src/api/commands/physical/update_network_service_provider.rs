//! `updateNetworkServiceProvider`: records whether a provider is in use.

use hostler_model::NetworkProviderId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::Page;
use hostler_store::physical_network::{
    NetworkProviderFilter, network_provider_enable, network_provider_list,
};
use hostler_store::reference::Entity;
use serde_json::json;

use super::{Change, at_once};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::physical::{NETWORK_PROVIDER, network_provider};

api_command! {
    /// Records whether a provider of a physical network is in use. Hosts give their services either way.
    pub(crate) struct UpdateNetworkServiceProvider = "updateNetworkServiceProvider", asynchronous
        .roles(Roles::ADMIN).object("networkserviceprovider").shape(&NETWORK_PROVIDER);

    /// The provider.
    id: required uuid<NetworkProviderId> .entity("networkserviceprovider"),
    /// Enabled or Disabled.
    state: optional string,
    /// Accepted: its services cannot be chosen one by one.
    servicelist: optional list<String>,
}

impl Handler for UpdateNetworkServiceProvider {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let is_enabled = super::enabled(call, self.state.as_deref())?;
        call.require(vec![("id", Entity::NetworkProvider, self.id.uuid())]).await?;
        let change = Change {
            kind: "network-provider-update",
            subject: ("NetworkProvider", self.id.uuid()),
            event: "SERVICE.PROVIDER.UPDATE",
        };
        let job = at_once(call, change, move |tx| {
            if let Some(is_enabled) = is_enabled {
                network_provider_enable(tx, self.id, is_enabled)?;
            }
            let filter = NetworkProviderFilter { id: Some(self.id), ..Default::default() };
            let row = network_provider_list(tx, &filter, Page::default())?.rows.pop();
            let shown = row.as_ref().map(network_provider);
            let said = format!("the record of network provider {} was changed", self.id);
            Ok((said, json!({"networkserviceprovider": shown})))
        })
        .await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
