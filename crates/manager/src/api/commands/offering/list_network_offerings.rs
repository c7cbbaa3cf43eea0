//! `listNetworkOfferings`: the kinds of networks.

use hostler_model::NetworkOfferingId;
use hostler_query_api::{Answer, api_command};
use hostler_store::network_offering::{NetworkOfferingFilter, network_offering_list};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::offering::{NETWORK_OFFERING, network_offering};

api_command! {
    /// Lists the kinds of networks.
    pub(crate) struct ListNetworkOfferings = "listNetworkOfferings", synchronous
        .object("networkoffering").shape(&NETWORK_OFFERING).paged();

    /// The offering of this id.
    id: optional uuid<NetworkOfferingId> .entity("networkoffering"),
    /// Offerings of this name.
    name: optional string,
    /// Offerings of this kind: Shared, Isolated or L2.
    guestiptype: optional string,
    /// Those that came with the product, or not.
    isdefault: optional boolean,
    /// Those in this state; all are Enabled.
    state: optional string,
}

impl Handler for ListNetworkOfferings {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        if self.state.is_some_and(|state| !state.eq_ignore_ascii_case("enabled")) {
            return Ok(Answer::list(call.command, 0, Vec::new()));
        }
        let filter = NetworkOfferingFilter {
            id: self.id,
            name: self.name,
            guest_type: self.guestiptype,
            is_default: self.isdefault,
            keyword: call.keyword(),
        };
        let page = call.page()?;
        let listed = call.read(move |tx| Ok(network_offering_list(tx, &filter, page)?)).await?;
        let id = self.id.map(|id| (Entity::NetworkOffering, id.uuid()));
        call.list(listed, id, network_offering).await
    }
}
