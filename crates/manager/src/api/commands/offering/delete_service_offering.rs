//! `deleteServiceOffering`: takes an offering off sale; VMs of it live on.

use hostler_model::ServiceOfferingId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;
use hostler_store::service_offering::service_offering_remove;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Takes a service offering off sale; VMs of it live on.
    pub(crate) struct DeleteServiceOffering = "deleteServiceOffering", synchronous .roles(Roles::ADMIN);

    /// The service offering to delete.
    id: required uuid<ServiceOfferingId> .entity("serviceoffering"),
}

impl Handler for DeleteServiceOffering {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::ServiceOffering, self.id.uuid())]).await?;
        let (id, now) = (self.id, call.now());
        let event = call.event("SERVICE.OFFERING.DELETE").about("ServiceOffering", id.uuid());
        call.write(move |tx| {
            service_offering_remove(tx, id, now)?;
            event.record(tx, format!("service offering {id} was taken off sale"))
        })
        .await?;
        Ok(call.success())
    }
}
