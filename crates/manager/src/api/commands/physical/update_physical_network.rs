//! `updatePhysicalNetwork`: changes the record of a wire.

use hostler_model::PhysicalNetworkId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::physical_network::{physical_network_get, physical_network_update};
use hostler_store::reference::Entity;
use serde_json::json;

use super::{Change, at_once};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::physical::{PHYSICAL_NETWORK, physical_network};

api_command! {
    /// Changes the record of a physical network.
    pub(crate) struct UpdatePhysicalNetwork = "updatePhysicalNetwork", asynchronous
        .roles(Roles::ADMIN).object("physicalnetwork").shape(&PHYSICAL_NETWORK);

    /// The physical network.
    id: required uuid<PhysicalNetworkId> .entity("physicalnetwork"),
    /// Enabled or Disabled; recorded.
    state: optional string,
    /// VLANs for guest networks; recorded.
    vlan: optional string,
    /// Its speed; recorded.
    networkspeed: optional string,
    /// Its tags, in place of those it had.
    tags: optional list<String>,
}

impl Handler for UpdatePhysicalNetwork {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let is_enabled = super::enabled(call, self.state.as_deref())?;
        call.require(vec![("id", Entity::PhysicalNetwork, self.id.uuid())]).await?;
        let change = Change {
            kind: "physical-network-update",
            subject: ("PhysicalNetwork", self.id.uuid()),
            event: "PHYSICAL.NETWORK.UPDATE",
        };
        let job = at_once(call, change, move |tx| {
            let mut row = physical_network_get(tx, self.id)?;
            row.is_enabled = is_enabled.unwrap_or(row.is_enabled);
            row.vlan = self.vlan.or(row.vlan);
            row.speed = self.networkspeed.or(row.speed);
            row.tags = self.tags.map_or(row.tags, |tags| tags.join(","));
            physical_network_update(tx, &row)?;
            let said = format!("physical network {} was changed", row.name);
            Ok((said, json!({"physicalnetwork": physical_network(&row)})))
        })
        .await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
