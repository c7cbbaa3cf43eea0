//! `updateServiceOffering`: changes what an offering is called, for whom it is, and what hosts and pools it wants.

use hostler_model::ServiceOfferingId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;
use hostler_store::service_offering::{service_offering_get, service_offering_update};

use super::offered::Offered;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::offering::{SERVICE_OFFERING, service_offering};

api_command! {
    /// Changes a service offering; its size stays. VMs of it take new tags at their next start.
    pub(crate) struct UpdateServiceOffering = "updateServiceOffering", synchronous
        .roles(Roles::ADMIN).object("serviceoffering").shape(&SERVICE_OFFERING);

    /// The service offering.
    id: required uuid<ServiceOfferingId> .entity("serviceoffering"),
    /// Its new name.
    name: optional string,
    /// What it is, for buyers.
    displaytext: optional string .max(4096),
    /// Tags that a host must have, separated by commas; empty: none.
    hosttags: optional string,
    /// Tags that a storage pool must have, separated by commas; empty: none.
    storagetags: optional string,
    /// Active, or Inactive: no new VMs are made of it.
    state: optional string,
    /// Its place in lists: the largest comes first.
    sortkey: optional integer,
    /// The domains that it is for, separated by commas; public: all.
    domainid: optional string .max(4096),
    /// The zones that it is for, separated by commas; all: all.
    zoneid: optional string .max(4096),
}

impl Handler for UpdateServiceOffering {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::ServiceOffering, self.id.uuid())]).await?;
        let is_inactive = match self.state.as_deref() {
            None => None,
            Some(state) if state.eq_ignore_ascii_case("active") => Some(false),
            Some(state) if state.eq_ignore_ascii_case("inactive") => Some(true),
            Some(other) => return Err(call.wrong("state", other, "Active or Inactive")),
        };
        let (has_domains, has_zones) = (self.domainid.is_some(), self.zoneid.is_some());
        let offered = Offered {
            domains: Offered::ids(call, "domainid", &self.domainid.unwrap_or_default(), "public")?,
            zones: Offered::ids(call, "zoneid", &self.zoneid.unwrap_or_default(), "all")?,
        };
        let (domains, zones) = offered.check(call).await?;
        let emptied = |param: &str| call.params.has(param).then(String::new);
        let host_tags = self.hosttags.or_else(|| emptied("hosttags"));
        let tags = self.storagetags.or_else(|| emptied("storagetags"));
        let event = call.event("SERVICE.OFFERING.EDIT").about("ServiceOffering", self.id.uuid());
        let row = call
            .write(move |tx| {
                let mut row = service_offering_get(tx, self.id)?;
                row.name = self.name.unwrap_or(row.name);
                row.display_text = self.displaytext.unwrap_or(row.display_text);
                row.host_tags = host_tags.unwrap_or(row.host_tags);
                row.tags = tags.unwrap_or(row.tags);
                row.terms.is_inactive = is_inactive.unwrap_or(row.terms.is_inactive);
                row.terms.sort_key = self.sortkey.map_or(row.terms.sort_key, i64::from);
                if has_domains {
                    row.terms.domains = domains;
                }
                if has_zones {
                    row.terms.zones = zones;
                }
                service_offering_update(tx, &row)?;
                event.record(tx, format!("service offering {} was changed", row.name))?;
                Ok(row)
            })
            .await?;
        Ok(call.object(service_offering(&row, true)))
    }
}
