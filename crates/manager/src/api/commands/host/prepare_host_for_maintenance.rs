//! `prepareHostForMaintenance`: has a host take no new VMs, until somebody has worked on the machine.

use hostler_model::HostId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::host::HOST;
use crate::orchestration::host::maintenance::maintain;

api_command! {
    /// Has a host take no new VMs; it is in Maintenance as soon as the last one has left it.
    pub(crate) struct PrepareHostForMaintenance = "prepareHostForMaintenance", asynchronous
        .roles(Roles::ADMIN).object("host").shape(&HOST);

    /// The host.
    id: required uuid<HostId> .entity("host"),
}

impl Handler for PrepareHostForMaintenance {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::Host, self.id.uuid())]).await?;
        let job = maintain(call.context, call.caller(), self.id).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
