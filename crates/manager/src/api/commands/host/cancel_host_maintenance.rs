//! `cancelHostMaintenance`: ends a host's maintenance.

use hostler_model::HostId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::host::HOST;
use crate::orchestration::host::maintenance::resume;

api_command! {
    /// Has a host take VMs again after its maintenance, or before that has begun.
    pub(crate) struct CancelHostMaintenance = "cancelHostMaintenance", asynchronous
        .roles(Roles::ADMIN).object("host").shape(&HOST);

    /// The host.
    id: required uuid<HostId> .entity("host"),
}

impl Handler for CancelHostMaintenance {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::Host, self.id.uuid())]).await?;
        let job = resume(call.context, call.caller(), self.id).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
