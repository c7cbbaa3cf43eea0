//! `updateNetworkOffering`: changes what a kind of network is called, for whom it is, and whether it is in use.

use hostler_model::NetworkOfferingId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::network_offering::{network_offering_get, network_offering_update};
use hostler_store::reference::Entity;

use super::offered::Offered;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::offering::{NETWORK_OFFERING, network_offering};

api_command! {
    /// Changes a network offering; networks of it stay as they are.
    pub(crate) struct UpdateNetworkOffering = "updateNetworkOffering", synchronous
        .roles(Roles::ADMIN).object("networkoffering").shape(&NETWORK_OFFERING);

    /// The network offering.
    id: required uuid<NetworkOfferingId> .entity("networkoffering"),
    /// Its new name, unique.
    name: optional string,
    /// What it is, for people.
    displaytext: optional string .max(4096),
    /// Enabled, or Disabled: no new networks are made of it.
    state: optional string,
    /// Optional or Required; recorded.
    availability: optional string,
    /// Its place in lists: the largest comes first.
    sortkey: optional integer,
    /// Tags of the physical network; recorded.
    tags: optional string,
    /// The domains that it is for, separated by commas; public: all.
    domainid: optional string .max(4096),
    /// The zones that it is for, separated by commas; all: all.
    zoneid: optional string .max(4096),
}

impl Handler for UpdateNetworkOffering {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::NetworkOffering, self.id.uuid())]).await?;
        let one_of = |param: &str, given: Option<String>, [first, second]: [&'static str; 2]| {
            let Some(text) = given else { return Ok(None) };
            let found = [first, second].into_iter().find(|word| word.eq_ignore_ascii_case(&text));
            let expected = format!("{first} or {second}");
            found.map(Some).ok_or_else(|| call.wrong(param, &text, &expected))
        };
        let state = one_of("state", self.state, ["Enabled", "Disabled"])?;
        let availability = one_of("availability", self.availability, ["Optional", "Required"])?;
        let (has_domains, has_zones) = (self.domainid.is_some(), self.zoneid.is_some());
        let offered = Offered {
            domains: Offered::ids(call, "domainid", &self.domainid.unwrap_or_default(), "public")?,
            zones: Offered::ids(call, "zoneid", &self.zoneid.unwrap_or_default(), "all")?,
        };
        let (domains, zones) = offered.check(call).await?;
        let event = call.event("NETWORK.OFFERING.EDIT").about("NetworkOffering", self.id.uuid());
        let row = call
            .write(move |tx| {
                let mut row = network_offering_get(tx, self.id)?;
                row.name = self.name.unwrap_or(row.name);
                row.display_text = self.displaytext.unwrap_or(row.display_text);
                row.terms.is_disabled = state.map_or(row.terms.is_disabled, |s| s == "Disabled");
                row.terms.availability = availability.map_or(row.terms.availability, str::to_owned);
                row.terms.sort_key = self.sortkey.map_or(row.terms.sort_key, i64::from);
                row.terms.tags = self.tags.unwrap_or(row.terms.tags);
                if has_domains {
                    row.terms.domains = domains;
                }
                if has_zones {
                    row.terms.zones = zones;
                }
                network_offering_update(tx, &row)?;
                event.record(tx, format!("network offering {} was changed", row.name))?;
                Ok(row)
            })
            .await?;
        Ok(call.object(network_offering(&row)))
    }
}
