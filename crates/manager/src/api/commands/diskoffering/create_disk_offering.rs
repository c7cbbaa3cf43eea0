//! `createDiskOffering`: puts a size of data volumes on sale.

use hostler_model::{DiskOfferingId, DiskTerms, DomainId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::disk_offering::{DiskOfferingRow, disk_offering_add};
use uuid::Uuid;

use super::asked_terms::{AskedTerms, DISK_TERMS};
use super::{domains, not_yet, size_of, tags, view};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::offering::{DISK_OFFERING, disk_offering};

api_command! {
    /// Puts a size of data volumes on sale.
    pub(crate) struct CreateDiskOffering = "createDiskOffering", synchronous
        .roles(Roles::ADMIN).object("diskoffering").shape(&DISK_OFFERING).also(DISK_TERMS);

    /// Its name.
    name: required string,
    /// What it is, for buyers; its name by default.
    displaytext: optional string .max(4096),
    /// How large its volumes are, in GiB.
    disksize: optional long,
    /// Whether the size is chosen for each volume; then without disksize.
    customized: optional boolean,
    /// Where volumes live: local, the only one there is yet.
    storagetype: optional string,
    /// How volumes grow: thin, the only one there is yet.
    provisioningtype: optional string,
    /// Tags that a storage pool must have, separated by commas.
    tags: optional string,
    /// The domains that may use it, with those below them; all without it.
    domainid: optional list<DomainId> .entity("domain"),
    /// Whether portals show it; true by default.
    displayoffering: optional boolean,
    /// Whether volumes are encrypted; only false.
    encrypt: optional boolean,
    /// Whether operations per second are chosen for each volume; only false.
    customizediops: optional boolean,
}

impl Handler for CreateDiskOffering {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let size = match (self.customized.unwrap_or(false), self.disksize) {
            (true, None | Some(0)) => None,
            (true, Some(_)) => {
                return Err(Failure::invalid(
                    "disksize can't be given along with customized=true; give one of them",
                ));
            }
            (false, Some(gib)) => Some(size_of(call, "disksize", gib)?),
            (false, None) => {
                return Err(Failure::invalid(
                    "disksize is missing; give it, or customized=true to have it chosen for each volume",
                ));
            }
        };
        if let Some(other) = self.storagetype.filter(|kind| kind != "local") {
            return Err(call.wrong("storagetype", &other, "local"));
        }
        if let Some(other) = self.provisioningtype.filter(|kind| kind != "thin") {
            return Err(call.wrong("provisioningtype", &other, "thin"));
        }
        not_yet(call, &[("encrypt", self.encrypt), ("customizediops", self.customizediops)])?;
        let terms = AskedTerms::read(call)?.change(DiskTerms::default())?;
        let row = DiskOfferingRow {
            id: DiskOfferingId::new(Uuid::new_v4()),
            display_text: self.displaytext.unwrap_or_else(|| self.name.clone()),
            name: self.name,
            size,
            storage_type: "local".to_owned(),
            tags: tags(&self.tags.unwrap_or_default()),
            domains: domains(call, self.domainid.unwrap_or_default()).await?,
            is_shown: self.displayoffering.unwrap_or(true),
            terms,
            sort_key: 0,
            state: "Active".to_owned(),
            created: call.now(),
        };
        let event = call.event("DISK.OFFERING.CREATE").about("DiskOffering", row.id.uuid());
        let shown = call
            .write(move |tx| {
                disk_offering_add(tx, &row)?;
                event.record(tx, format!("disk offering {} was put on sale", row.name))?;
                Ok(disk_offering(&view(tx, row)?, true, None))
            })
            .await?;
        Ok(call.object(shown))
    }
}
