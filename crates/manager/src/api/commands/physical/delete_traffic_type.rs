//! `deleteTrafficType`: removes the record that a wire carries a kind of traffic.

use hostler_model::TrafficTypeId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::physical_network::{traffic_type_get, traffic_type_remove};
use hostler_store::reference::Entity;
use serde_json::json;

use super::{Change, at_once};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Removes the record that a physical network carries a kind of traffic.
    pub(crate) struct DeleteTrafficType = "deleteTrafficType", asynchronous .roles(Roles::ADMIN);

    /// The traffic type.
    id: required uuid<TrafficTypeId> .entity("traffictype"),
}

impl Handler for DeleteTrafficType {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::TrafficType, self.id.uuid())]).await?;
        let change = Change {
            kind: "traffic-type-delete",
            subject: ("TrafficType", self.id.uuid()),
            event: "TRAFFIC.TYPE.DELETE",
        };
        let job = at_once(call, change, move |tx| {
            let row = traffic_type_get(tx, self.id)?;
            traffic_type_remove(tx, row.id)?;
            Ok((
                format!("the record of {} traffic was removed", row.kind),
                json!({"success": true}),
            ))
        })
        .await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
