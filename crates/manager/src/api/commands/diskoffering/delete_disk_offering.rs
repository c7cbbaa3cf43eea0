//! `deleteDiskOffering`: takes an offering off sale; volumes of it live on.

use hostler_model::DiskOfferingId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::disk_offering::disk_offering_remove;
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Takes a disk offering off sale; volumes of it live on.
    pub(crate) struct DeleteDiskOffering = "deleteDiskOffering", synchronous .roles(Roles::ADMIN);

    /// The disk offering to delete.
    id: required uuid<DiskOfferingId> .entity("diskoffering"),
}

impl Handler for DeleteDiskOffering {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::DiskOffering, self.id.uuid())]).await?;
        let (id, now) = (self.id, call.now());
        let event = call.event("DISK.OFFERING.DELETE").about("DiskOffering", id.uuid());
        call.write(move |tx| {
            disk_offering_remove(tx, id, now)?;
            event.record(tx, format!("disk offering {id} was taken off sale"))
        })
        .await?;
        Ok(call.success())
    }
}
