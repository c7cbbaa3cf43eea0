//! `deletePhysicalNetwork`: removes the record of a wire.

use hostler_model::PhysicalNetworkId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::physical_network::physical_network_remove;
use hostler_store::reference::Entity;
use serde_json::json;

use super::{Change, at_once};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Removes the record of a physical network without ranges of addresses, its traffic and providers.
    pub(crate) struct DeletePhysicalNetwork = "deletePhysicalNetwork", asynchronous .roles(Roles::ADMIN);

    /// The physical network.
    id: required uuid<PhysicalNetworkId> .entity("physicalnetwork"),
}

impl Handler for DeletePhysicalNetwork {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::PhysicalNetwork, self.id.uuid())]).await?;
        let change = Change {
            kind: "physical-network-delete",
            subject: ("PhysicalNetwork", self.id.uuid()),
            event: "PHYSICAL.NETWORK.DELETE",
        };
        let job = at_once(call, change, move |tx| {
            physical_network_remove(tx, self.id)?;
            Ok((format!("physical network {} was removed", self.id), json!({"success": true})))
        })
        .await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
