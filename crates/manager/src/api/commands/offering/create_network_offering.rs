//! `createNetworkOffering`: describes a kind of network.
//!
//! Networks can be made of shared ones. Those of other kinds are records so far, and `createNetwork` says so.

use std::collections::BTreeMap;

use hostler_model::{DomainId, NetworkOfferingId, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::network_offering::{
    NetworkOfferingRow, NetworkTerms, network_offering_add, network_offering_by_name,
    network_offering_get,
};
use uuid::Uuid;

use super::network_services::{KNOWN, OF_SHARED, provider, spelled};
use super::offered::Offered;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::offering::{NETWORK_OFFERING, network_offering};

api_command! {
    /// Describes a kind of network. Networks can be made of shared ones so far.
    pub(crate) struct CreateNetworkOffering = "createNetworkOffering", synchronous
        .roles(Roles::ADMIN).object("networkoffering").shape(&NETWORK_OFFERING);

    /// Its name, unique.
    name: required string,
    /// What it is, for people; its name by default.
    displaytext: optional string .max(4096),
    /// Shared, Isolated or L2; networks can be made of shared ones so far.
    guestiptype: required string,
    /// Whose traffic its networks carry: Guest.
    traffictype: required string,
    /// What its networks do for guests, such as Dhcp, Dns and UserData.
    supportedservices: optional list<String>,
    /// Who gives each service: pairs of service and provider.
    serviceproviderlist: optional records,
    /// What services can do: service, capabilitytype and capabilityvalue; recorded.
    servicecapabilitylist: optional records,
    /// Whether a VLAN has to be named; recorded.
    specifyvlan: optional boolean,
    /// Whether addresses have to be named; of shared networks they always have.
    specifyipranges: optional boolean,
    /// Whether an address can have several uses; recorded.
    conservemode: optional boolean,
    /// Whether networks exist without VMs; recorded, shared ones always do.
    ispersistent: optional boolean,
    /// Whether guests may talk to the outside unless a rule says otherwise; recorded.
    egressdefaultpolicy: optional boolean,
    /// Optional or Required; recorded.
    availability: optional string,
    /// Tags of the physical network; recorded.
    tags: optional string,
    /// Whether networks may be made of it at once; without it, it is Disabled until it is changed.
    enable: optional boolean,
    /// Whether it is for VPCs; only false.
    forvpc: optional boolean,
    /// Choices that few need; recorded.
    details: optional map,
    /// The domains, with those below them, that it is for; all by default.
    domainid: optional list<DomainId> .entity("domain"),
    /// The zones that it is for; all by default.
    zoneid: optional list<ZoneId> .entity("zone"),
}

impl Handler for CreateNetworkOffering {
    async fn execute(mut self, call: Call<'_>) -> Result<Answer, Failure> {
        if !self.traffictype.eq_ignore_ascii_case("Guest") {
            return Err(call.wrong("traffictype", &self.traffictype, "Guest"));
        }
        if self.forvpc == Some(true) {
            return Err(call.wrong("forvpc", "true", "false; there are no VPCs yet"));
        }
        let offered = Offered {
            domains: self.domainid.take().unwrap_or_default(),
            zones: self.zoneid.take().unwrap_or_default(),
        };
        let (domains, zones) = offered.check(call).await?;
        let mut row = self.row(call)?;
        (row.terms.domains, row.terms.zones) = (domains, zones);
        let event = call.event("NETWORK.OFFERING.CREATE").about("NetworkOffering", row.id.uuid());
        let row = call
            .write(move |tx| {
                if network_offering_by_name(tx, &row.name)?.is_some() {
                    return Err(Failure::invalid(format!(
                        "there is a network offering named {} already; choose another name",
                        row.name
                    )));
                }
                network_offering_add(tx, &row)?;
                event.record(tx, format!("network offering {} was made", row.name))?;
                Ok(network_offering_get(tx, row.id)?)
            })
            .await?;
        Ok(call.object(network_offering(&row)))
    }
}

impl CreateNetworkOffering {
    fn row(self, call: Call<'_>) -> Result<NetworkOfferingRow, Failure> {
        let kinds = ["Shared", "Isolated", "L2"];
        let Some(kind) = kinds.iter().find(|kind| kind.eq_ignore_ascii_case(&self.guestiptype))
        else {
            return Err(call.wrong("guestiptype", &self.guestiptype, &kinds.join(", ")));
        };
        let is_shared = *kind == "Shared";
        if is_shared && self.specifyipranges == Some(false) {
            let expected = "true; addresses of a shared network are named when it is made";
            return Err(call.wrong("specifyipranges", "false", expected));
        }
        let availability = match self.availability.as_deref() {
            None => "Optional",
            Some(text) if text.eq_ignore_ascii_case("optional") => "Optional",
            Some(text) if text.eq_ignore_ascii_case("required") => "Required",
            Some(other) => return Err(call.wrong("availability", other, "Optional or Required")),
        };
        let named = self.supportedservices.unwrap_or_default();
        let services = services(call, &named, if is_shared { OF_SHARED } else { KNOWN })?;
        let given = self.serviceproviderlist.unwrap_or_default();
        let providers = providers(call, &services, given)?;
        let capability = |record: BTreeMap<String, String>| {
            let part = |name: &str| record.get(name).cloned().unwrap_or_default();
            (part("service"), part("capabilitytype"), part("capabilityvalue"))
        };
        Ok(NetworkOfferingRow {
            id: NetworkOfferingId::new(Uuid::new_v4()),
            display_text: self.displaytext.unwrap_or_else(|| self.name.clone()),
            name: self.name,
            guest_type: (*kind).to_owned(),
            guru: if is_shared { "SharedNetworkGuru" } else { "" }.to_owned(),
            services,
            is_default: false,
            terms: NetworkTerms {
                is_disabled: !self.enable.unwrap_or(false),
                availability: availability.to_owned(),
                specify_vlan: self.specifyvlan.unwrap_or(false),
                specify_ranges: self.specifyipranges.unwrap_or(is_shared),
                conserve: self.conservemode.unwrap_or(true),
                persistent: self.ispersistent.unwrap_or(is_shared),
                egress: self.egressdefaultpolicy.unwrap_or(is_shared),
                tags: self.tags.unwrap_or_default(),
                providers,
                capabilities: self
                    .servicecapabilitylist
                    .unwrap_or_default()
                    .into_iter()
                    .map(capability)
                    .collect(),
                details: self.details.unwrap_or_default(),
                created: call.now(),
                ..NetworkTerms::default()
            },
        })
    }
}

/// Services in the spelling in which they are shown, each once.
fn services(
    call: Call<'_>,
    named: &[String],
    possible: &[&'static str],
) -> Result<Vec<String>, Failure> {
    let mut all: Vec<String> = Vec::new();
    for name in named {
        let Some(service) = spelled(name).filter(|service| possible.contains(service)) else {
            return Err(call.wrong("supportedservices", name, &possible.join(", ")));
        };
        if !all.iter().any(|known| known == service) {
            all.push(service.to_owned());
        }
    }
    Ok(all)
}

/// Who gives each service: who was named, else who does by default.
fn providers(
    call: Call<'_>,
    services: &[String],
    given: Vec<BTreeMap<String, String>>,
) -> Result<BTreeMap<String, String>, Failure> {
    let mut all: BTreeMap<String, String> =
        services.iter().map(|s| (s.clone(), provider(s).to_owned())).collect();
    for record in given {
        let (Some(service), Some(name)) = (record.get("service"), record.get("provider")) else {
            return Err(Failure::invalid(
                "serviceproviderlist: each entry needs service and provider",
            ));
        };
        let Some(place) = spelled(service).and_then(|service| all.get_mut(service)) else {
            let expected = "a service that supportedservices names";
            return Err(call.wrong("serviceproviderlist", service, expected));
        };
        place.clone_from(name);
    }
    Ok(all)
}
