//! `deleteZone`: removes a zone that has nothing in it.

use hostler_model::ZoneId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;
use hostler_store::zone::zone_remove;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Deletes a zone that has nothing in it.
    pub(crate) struct DeleteZone = "deleteZone", synchronous .roles(Roles::ADMIN);

    /// The zone to delete.
    id: required uuid<ZoneId> .entity("zone"),
}

impl Handler for DeleteZone {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::Zone, self.id.uuid())]).await?;
        let (id, now) = (self.id, call.now());
        let event = call.event("ZONE.DELETE").about("Zone", id.uuid());
        call.write(move |tx| {
            zone_remove(tx, id, now)?;
            event.record(tx, format!("zone {id} was deleted"))
        })
        .await?;
        Ok(call.success())
    }
}
