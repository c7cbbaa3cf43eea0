//! `addTrafficType`: records that a wire carries a kind of traffic.

use hostler_model::{PhysicalNetworkId, TrafficTypeId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::physical_network::{TrafficTypeRow, traffic_type_add};
use hostler_store::reference::Entity;
use serde_json::json;
use uuid::Uuid;

use super::{Change, at_once};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::physical::{TRAFFIC_TYPE, traffic_type};

/// Kinds of traffic, in the spelling in which they are shown.
const KINDS: [&str; 4] = ["Guest", "Public", "Management", "Storage"];

api_command! {
    /// Records that a physical network carries a kind of traffic.
    pub(crate) struct AddTrafficType = "addTrafficType", asynchronous_create
        .roles(Roles::ADMIN).object("traffictype").shape(&TRAFFIC_TYPE);

    /// The physical network.
    physicalnetworkid: required uuid<PhysicalNetworkId> .entity("physicalnetwork"),
    /// Guest, Public, Management or Storage.
    traffictype: required string,
    /// The bridge of KVM hosts that is meant; recorded, hosts take the bridges that their agents are told.
    kvmnetworklabel: optional string,
    /// Accepted: how traffic is kept apart is said of the physical network.
    isolationmethod: optional string,
}

impl Handler for AddTrafficType {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let Some(kind) = KINDS.iter().find(|kind| kind.eq_ignore_ascii_case(&self.traffictype))
        else {
            return Err(call.wrong("traffictype", &self.traffictype, &KINDS.join(", ")));
        };
        let wire = self.physicalnetworkid;
        call.require(vec![("physicalnetworkid", Entity::PhysicalNetwork, wire.uuid())]).await?;
        let row = TrafficTypeRow {
            id: TrafficTypeId::new(Uuid::new_v4()),
            physical_network: wire,
            kind: (*kind).to_owned(),
            label: self.kvmnetworklabel,
        };
        let id = row.id;
        let change = Change {
            kind: "traffic-type-add",
            subject: ("TrafficType", id.uuid()),
            event: "TRAFFIC.TYPE.CREATE",
        };
        let job = at_once(call, change, move |tx| {
            traffic_type_add(tx, &row)?;
            let said = format!("{} traffic was recorded", row.kind);
            Ok((said, json!({"traffictype": traffic_type(&row)})))
        })
        .await?;
        Ok(Answer::job(call.command, Some(id.uuid()), job.uuid()))
    }
}
