//! `listNetworkOfferings`: the kinds of networks.

use hostler_model::{DomainId, NetworkId, NetworkOfferingId, ZoneId};
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
    /// Offerings of networks that carry this traffic; all carry Guest.
    traffictype: optional string,
    /// Those that came with the product, or not.
    isdefault: optional boolean,
    /// Those in this state: Enabled or Disabled.
    state: optional string,
    /// Those that this zone has.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// Those that are for this domain and not for all.
    domainid: optional uuid<DomainId> .entity("domain"),
    /// Those with all of these services.
    supportedservices: optional list<String>,
    /// Those of which a VLAN has to be named, or not.
    specifyvlan: optional boolean,
    /// Those of which addresses have to be named, or not.
    specifyipranges: optional boolean,
    /// Those with these tags.
    tags: optional string,
    /// What this network could change to: nothing yet.
    networkid: optional uuid<NetworkId> .entity("network"),
    /// Those for VPCs; there are none.
    forvpc: optional boolean,
    /// Offerings of this text.
    displaytext: optional string,
    /// Offerings of networks that have to exist (Required), or do not (Optional).
    availability: optional string,
    /// Those with tags, or without.
    istagged: optional boolean,
    /// Those with the service SourceNat, or without.
    sourcenatsupported: optional boolean,
    /// Those whose networks are routed this way; there are none.
    routingmode: optional string,
}

impl Handler for ListNetworkOfferings {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let is_other = self.traffictype.is_some_and(|kind| !kind.eq_ignore_ascii_case("guest"));
        if is_other
            || self.routingmode.is_some()
            || self.networkid.is_some()
            || self.forvpc == Some(true)
        {
            return Ok(Answer::list(call.command, 0, Vec::new()));
        }
        let filter = NetworkOfferingFilter {
            id: self.id,
            name: self.name,
            guest_type: self.guestiptype,
            is_default: self.isdefault,
            is_enabled: self.state.map(|state| state.eq_ignore_ascii_case("enabled")),
            zone: self.zoneid,
            domain: self.domainid,
            services: self.supportedservices.unwrap_or_default(),
            specify_vlan: self.specifyvlan,
            specify_ranges: self.specifyipranges,
            tags: self.tags,
            display_text: self.displaytext,
            availability: self.availability,
            is_tagged: self.istagged,
            source_nat: self.sourcenatsupported,
            keyword: call.keyword(),
        };
        let (page, scope) = (call.page()?, call.identity.sight());
        let listed =
            call.read(move |tx| Ok(network_offering_list(tx, &filter, &scope, page)?)).await?;
        let id = self.id.map(|id| (Entity::NetworkOffering, id.uuid()));
        call.list(listed, id, network_offering).await
    }
}
