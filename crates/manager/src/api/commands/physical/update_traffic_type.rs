//! `updateTrafficType`: changes which bridge is meant for a kind of traffic.

use hostler_model::TrafficTypeId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::physical_network::{traffic_type_get, traffic_type_label};
use hostler_store::reference::Entity;
use serde_json::json;

use super::{Change, at_once};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::physical::{TRAFFIC_TYPE, traffic_type};

api_command! {
    /// Changes which bridge is meant for a kind of traffic; a record.
    pub(crate) struct UpdateTrafficType = "updateTrafficType", asynchronous
        .roles(Roles::ADMIN).object("traffictype").shape(&TRAFFIC_TYPE);

    /// The traffic type.
    id: required uuid<TrafficTypeId> .entity("traffictype"),
    /// The bridge of KVM hosts that is meant.
    kvmnetworklabel: optional string,
}

impl Handler for UpdateTrafficType {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::TrafficType, self.id.uuid())]).await?;
        let change = Change {
            kind: "traffic-type-update",
            subject: ("TrafficType", self.id.uuid()),
            event: "TRAFFIC.TYPE.UPDATE",
        };
        let job = at_once(call, change, move |tx| {
            let mut row = traffic_type_get(tx, self.id)?;
            row.label = self.kvmnetworklabel.or(row.label);
            traffic_type_label(tx, row.id, row.label.as_deref())?;
            let said = format!("the record of {} traffic was changed", row.kind);
            Ok((said, json!({"traffictype": traffic_type(&row)})))
        })
        .await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
