//! `updateDiskOffering`: changes what an offering says and who may use it. Its size stays.

use hostler_model::{DiskOfferingId, DomainId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::disk_offering::{disk_offering_get, disk_offering_set};
use hostler_store::reference::Entity;

use super::asked_terms::{AskedTerms, DISK_TERMS};
use super::{domains, tags, view};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::offering::{DISK_OFFERING, disk_offering};

api_command! {
    /// Changes a disk offering. Volumes of it stay as they are, but for their speed and caching, which are those of the
    /// offering from the next start of their VM, or the next time that they are attached.
    pub(crate) struct UpdateDiskOffering = "updateDiskOffering", synchronous
        .roles(Roles::ADMIN).object("diskoffering").shape(&DISK_OFFERING).also(DISK_TERMS);

    /// The disk offering.
    id: required uuid<DiskOfferingId> .entity("diskoffering"),
    /// Its new name.
    name: optional string,
    /// Its new text for buyers.
    displaytext: optional string .max(4096),
    /// Tags that a storage pool must have from now on, separated by commas.
    tags: optional string,
    /// The domains that may use it from now on, separated by commas; public or all: everybody.
    domainid: optional string .max(4096),
    /// Whether portals show it.
    displayoffering: optional boolean,
    /// Its place in lists: the largest comes first.
    sortkey: optional integer,
    /// Active or Inactive: no new volumes of it.
    state: optional string,
}

impl Handler for UpdateDiskOffering {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::DiskOffering, self.id.uuid())]).await?;
        let domains = match self.domainid.as_deref() {
            None => None,
            Some("public" | "all") => Some(Vec::new()),
            Some(text) => Some(domains(call, ids(call, text)?).await?),
        };
        let state = match self.state.as_deref() {
            None => None,
            Some(text) if text.eq_ignore_ascii_case("active") => Some("Active"),
            Some(text) if text.eq_ignore_ascii_case("inactive") => Some("Inactive"),
            Some(other) => return Err(call.wrong("state", other, "Active or Inactive")),
        };
        let asked = AskedTerms::read(call)?;
        let event = call.event("DISK.OFFERING.EDIT").about("DiskOffering", self.id.uuid());
        let shown = call
            .write(move |tx| {
                let mut row = disk_offering_get(tx, self.id)?;
                row.terms = asked.change(row.terms)?;
                row.name = self.name.unwrap_or(row.name);
                row.display_text = self.displaytext.unwrap_or(row.display_text);
                row.tags = self.tags.as_deref().map_or(row.tags, tags);
                row.domains = domains.unwrap_or(row.domains);
                row.is_shown = self.displayoffering.unwrap_or(row.is_shown);
                row.sort_key = self.sortkey.map_or(row.sort_key, i64::from);
                row.state = state.map_or(row.state, str::to_owned);
                disk_offering_set(tx, &row)?;
                event.record(tx, format!("disk offering {} was changed", row.name))?;
                Ok(disk_offering(&view(tx, row)?, true, None))
            })
            .await?;
        Ok(call.object(shown))
    }
}

fn ids(call: Call<'_>, text: &str) -> Result<Vec<DomainId>, Failure> {
    let parse =
        |id: &str| id.trim().parse().map_err(|_| call.wrong("domainid", id, "a domain's id"));
    text.split(',').map(parse).collect()
}
