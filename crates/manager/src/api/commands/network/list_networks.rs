//! `listNetworks`: the guest networks. Shared ones are seen by everybody.

use hostler_model::{NetworkId, NetworkOfferingId, PhysicalNetworkId, ZoneId};
use hostler_query_api::{Answer, api_command};
use hostler_store::Page;
use hostler_store::network::{NetworkFilter, network_list};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::commands::tag;
use crate::api::failure::Failure;
use crate::api::objects::network::{NETWORK, network};

api_command! {
    /// Lists guest networks.
    pub(crate) struct ListNetworks = "listNetworks", synchronous
        .object("network").shape(&NETWORK).paged().owned().in_projects();

    /// The network of this id.
    id: optional uuid<NetworkId> .entity("network"),
    /// Networks of this name.
    name: optional string,
    /// Networks in this zone.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// Networks of this offering.
    networkofferingid: optional uuid<NetworkOfferingId> .entity("networkoffering"),
    /// Networks of this kind: Shared, Isolated or L2.
    kind "type": optional string,
    /// Networks of this traffic: Guest.
    traffictype: optional string,
    /// Those for the cloud's own VMs; there are none.
    issystem: optional boolean,
    /// Those of VPCs; there are none.
    forvpc: optional boolean,
    /// Networks with one of these tags, each a key and a value.
    tags: optional records,
    /// Networks for one account (Account), or for a domain (Domain).
    acltype: optional string,
    /// Account, Domain, AccountDomain, Shared or All; everything here is shared.
    networkfilter: optional string,
    /// Networks that do all of this for their guests: Dhcp, Dns, UserData.
    supportedservices: optional list<String>,
    /// Networks that VMs can be deployed on; all can.
    canusefordeploy: optional boolean,
    /// Networks that have to be restarted for changes; none has.
    restartrequired: optional boolean,
    /// Networks whose addresses were named; all are.
    specifyipranges: optional boolean,
    /// Networks that users see; all are seen.
    displaynetwork: optional boolean,
    /// Networks of this VPC; there are none.
    vpcid: optional uuid<uuid::Uuid> .entity("vpc"),
    /// Networks of this VLAN; there are none, a network is a bridge.
    vlan: optional string,
    /// Networks on this physical network: those of its zone, if it carries the traffic of guests, on its bridge if it names one.
    physicalnetworkid: optional uuid<PhysicalNetworkId> .entity("physicalnetwork"),
    /// Networks that another one leads to; there are none.
    associatednetworkid: optional uuid<NetworkId> .entity("network"),
    /// Whether to say only how many there are.
    retrieveonlyresourcecount: optional boolean,
    /// Accepted: nothing has an icon.
    showicon: optional boolean,
}

impl Handler for ListNetworks {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        if let Some(id) = self.vpcid {
            return Err(call.unknown("vpcid", id));
        }
        let physical = self.physicalnetworkid;
        let named = physical.map(|id| ("physicalnetworkid", Entity::PhysicalNetwork, id.uuid()));
        call.require(named.into_iter().collect()).await?;
        if self.wants_none() {
            return Ok(Answer::list(call.command, 0, Vec::new()));
        }
        let by_filter = match self.networkfilter.as_deref().map(str::to_ascii_lowercase).as_deref()
        {
            None | Some("all" | "shared" | "accountdomain") => None,
            Some("account") => Some("Account".to_owned()),
            Some("domain") => Some("Domain".to_owned()),
            Some(other) => {
                let expected = "one of Account, Domain, AccountDomain, Shared, All";
                return Err(call.wrong("networkfilter", other, expected));
            }
        };
        // shared networks are seen by all who may use them
        let wanted = call.wanted(false)?;
        let names_nobody =
            wanted.account.is_none() && wanted.domain.is_none() && !call.names_project();
        let usable_in =
            if names_nobody { call.identity.sight() } else { call.scope(wanted).await? };
        let filter = NetworkFilter {
            usable_in: Some(usable_in),
            acl_type: self.acltype.or(by_filter),
            services: self.supportedservices.unwrap_or_default(),
            id: self.id,
            ids: Vec::new(),
            name: self.name,
            zone: self.zoneid,
            physical_network: physical,
            offering: self.networkofferingid,
            guest_type: self.kind,
            traffic_type: self.traffictype,
            tags: tag::pairs(self.tags)?,
            keyword: call.keyword(),
        };
        if self.retrieveonlyresourcecount == Some(true) {
            let found = call.read(move |tx| Ok(network_list(tx, &filter, Page::NONE)?)).await?;
            return Ok(Answer::list(call.command, found.total, Vec::new()));
        }
        let page = call.page()?;
        let listed = call.read(move |tx| Ok(network_list(tx, &filter, page)?)).await?;
        let id = self.id.map(|id| (Entity::Network, id.uuid()));
        call.list(listed, id, |view| network(view, call.is_root())).await
    }
}

impl ListNetworks {
    /// Whether it asks for what no network here is.
    fn wants_none(&self) -> bool {
        [self.issystem, self.forvpc, self.restartrequired].contains(&Some(true))
            || self.vlan.is_some()
            || self.associatednetworkid.is_some()
            || [self.canusefordeploy, self.specifyipranges, self.displaynetwork]
                .contains(&Some(false))
    }
}
