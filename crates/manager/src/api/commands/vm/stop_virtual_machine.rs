//! `stopVirtualMachine`: ends the running of a VM.

use hostler_model::VmId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use super::rehearsed;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::vm::VM;
use crate::orchestration::vm::{rehearse_end, stop};

api_command! {
    /// Stops a VM: asks its guest to shut down, or ends it at once.
    pub(crate) struct StopVirtualMachine = "stopVirtualMachine", asynchronous.object("virtualmachine").shape(&VM);

    /// The VM.
    id: required uuid<VmId> .entity("virtualmachine"),
    /// Whether to end it at once instead of asking the guest.
    forced: optional boolean,
    /// Whether to say only what would be done, and do nothing.
    dryrun: optional boolean,
}

impl Handler for StopVirtualMachine {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::Vm, self.id.uuid())]).await?;
        if self.dryrun == Some(true) {
            let seen = rehearse_end(call.context, call.caller(), self.id, "stopped").await?;
            return Ok(rehearsed(call, seen));
        }
        let forced = self.forced.unwrap_or(false);
        let job = stop(call.context, call.caller(), self.id, forced).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
