//! `deleteNetworkOffering`: removes a kind of network that no network is of.

use hostler_model::NetworkOfferingId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::network_offering::{network_offering_get, network_offering_remove};
use hostler_store::reference::Entity;

use crate::api::bootstrap::DEFAULT_NETWORK_OFFERING;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Deletes a network offering that no network is of. The one that came with the product stays.
    pub(crate) struct DeleteNetworkOffering = "deleteNetworkOffering", synchronous .roles(Roles::ADMIN);

    /// The network offering.
    id: required uuid<NetworkOfferingId> .entity("networkoffering"),
}

impl Handler for DeleteNetworkOffering {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::NetworkOffering, self.id.uuid())]).await?;
        let (id, now) = (self.id, call.now());
        let event = call.event("NETWORK.OFFERING.DELETE").about("NetworkOffering", id.uuid());
        call.write(move |tx| {
            let row = network_offering_get(tx, id)?;
            if row.is_default {
                return Err(Failure::invalid(format!(
                    "id: {DEFAULT_NETWORK_OFFERING} is what networks are of when none is named; disable it instead"
                )));
            }
            network_offering_remove(tx, id, now)?;
            event.record(tx, format!("network offering {} was deleted", row.name))
        })
        .await?;
        Ok(call.success())
    }
}
