//! `listNetworkServiceProviders`: who gives services on wires, as it is recorded.

use hostler_model::PhysicalNetworkId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::physical_network::{NetworkProviderFilter, network_provider_list};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::physical::{NETWORK_PROVIDER, network_provider};

api_command! {
    /// Lists who gives services on physical networks. The services themselves come from each host.
    pub(crate) struct ListNetworkServiceProviders = "listNetworkServiceProviders", synchronous
        .roles(Roles::ADMIN).object("networkserviceprovider").shape(&NETWORK_PROVIDER).paged();

    /// Those on this physical network.
    physicalnetworkid: optional uuid<PhysicalNetworkId> .entity("physicalnetwork"),
    /// Those of this name.
    name: optional string,
    /// Those in this state: Enabled or Disabled.
    state: optional string,
}

impl Handler for ListNetworkServiceProviders {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let filter = NetworkProviderFilter {
            id: None,
            physical_network: self.physicalnetworkid,
            name: self.name,
            is_enabled: super::enabled(call, self.state.as_deref())?,
            keyword: call.keyword(),
        };
        let page = call.page()?;
        let listed = call.read(move |tx| Ok(network_provider_list(tx, &filter, page)?)).await?;
        call.list(listed, None, network_provider).await
    }
}
