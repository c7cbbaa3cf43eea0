//! `reconnectHost`: has a host's agent connect anew.

use hostler_model::HostId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::host::HOST;
use crate::orchestration::host::reconnect::reconnect;

api_command! {
    /// Closes the link to a host; its agent connects anew. VMs that run there go on.
    pub(crate) struct ReconnectHost = "reconnectHost", asynchronous
        .roles(Roles::ADMIN).object("host").shape(&HOST);

    /// The host.
    id: required uuid<HostId> .entity("host"),
}

impl Handler for ReconnectHost {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::Host, self.id.uuid())]).await?;
        let job = reconnect(call.context, call.caller(), self.id).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
