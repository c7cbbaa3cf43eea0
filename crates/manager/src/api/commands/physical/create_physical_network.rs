//! `createPhysicalNetwork`: records a wire of a zone.

use hostler_model::{DomainId, NetworkProviderId, PhysicalNetworkId, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::physical_network::{
    NetworkProviderRow, PhysicalNetworkRow, network_provider_add, physical_network_add,
};
use hostler_store::reference::Entity;
use hostler_store::zone::zone_get;
use serde_json::json;
use uuid::Uuid;

use super::{Change, at_once};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::physical::{PHYSICAL_NETWORK, PROVIDERS, physical_network};

api_command! {
    /// Records a physical network: a wire of a zone. Guest traffic takes each host's own bridges.
    pub(crate) struct CreatePhysicalNetwork = "createPhysicalNetwork", asynchronous_create
        .roles(Roles::ADMIN).object("physicalnetwork").shape(&PHYSICAL_NETWORK);

    /// Its name, unique in its zone.
    name: required string,
    /// The zone that it is in.
    zoneid: required uuid<ZoneId> .entity("zone"),
    /// How networks on it are kept apart, such as VLAN; recorded.
    isolationmethods: optional list<String>,
    /// VLANs for guest networks, such as 100-199; recorded.
    vlan: optional string,
    /// Its speed; recorded.
    networkspeed: optional string,
    /// Its tags.
    tags: optional list<String>,
    /// The domain that it is for; recorded.
    domainid: optional uuid<DomainId> .entity("domain"),
    /// How far it reaches: ZONE.
    broadcastdomainrange: optional string,
}

impl Handler for CreatePhysicalNetwork {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        if let Some(other) = self.broadcastdomainrange.filter(|r| !r.eq_ignore_ascii_case("zone")) {
            return Err(call.wrong("broadcastdomainrange", &other, "ZONE"));
        }
        let mut named = vec![("zoneid", Entity::Zone, self.zoneid.uuid())];
        named.extend(self.domainid.map(|id| ("domainid", Entity::Domain, id.uuid())));
        call.require(named).await?;
        let row = PhysicalNetworkRow {
            id: PhysicalNetworkId::new(Uuid::new_v4()),
            zone: self.zoneid,
            zone_name: String::new(),
            name: self.name,
            isolation: self.isolationmethods.unwrap_or_default().join(","),
            vlan: self.vlan,
            speed: self.networkspeed,
            tags: self.tags.unwrap_or_default().join(","),
            domain: self.domainid,
            is_enabled: false,
        };
        let (id, now) = (row.id, call.now());
        let change = Change {
            kind: "physical-network-create",
            subject: ("PhysicalNetwork", id.uuid()),
            event: "PHYSICAL.NETWORK.CREATE",
        };
        let job = at_once(call, change, move |tx| {
            physical_network_add(tx, &row, now)?;
            for (name, _) in PROVIDERS {
                let provider = NetworkProviderRow {
                    id: NetworkProviderId::new(Uuid::new_v4()),
                    physical_network: row.id,
                    name: (*name).to_owned(),
                    is_enabled: false,
                };
                network_provider_add(tx, &provider)?;
            }
            let row = PhysicalNetworkRow { zone_name: zone_get(tx, row.zone)?.name, ..row };
            let said = format!("physical network {} was recorded", row.name);
            Ok((said, json!({"physicalnetwork": physical_network(&row)})))
        })
        .await?;
        Ok(Answer::job(call.command, Some(id.uuid()), job.uuid()))
    }
}
