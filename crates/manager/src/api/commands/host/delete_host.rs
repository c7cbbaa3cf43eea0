//! `deleteHost`: takes a host out of the cloud. What was installed on the machine stays there.

use hostler_model::HostId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Takes a host without VMs and volumes out of the cloud.
    pub(crate) struct DeleteHost = "deleteHost", synchronous .roles(Roles::ADMIN_AND_RESOURCE_ADMIN);

    /// The host.
    id: required uuid<HostId> .entity("host"),
    /// Take it out even with VMs or volumes on it.
    forced: optional boolean,
}

impl Handler for DeleteHost {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::Host, self.id.uuid())]).await?;
        let (id, forced) = (self.id, self.forced.unwrap_or(false));
        let reason = format!("removed by request {}", call.caller().request);
        let row = call.context.onboarding.remove_host(id, forced, &reason).await?;
        let event = call.event("HOST.DELETE").about("Host", id.uuid());
        call.write(move |tx| event.record(tx, format!("host {} was removed", row.name))).await?;
        Ok(call.success())
    }
}
