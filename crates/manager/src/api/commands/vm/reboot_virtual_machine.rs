//! `rebootVirtualMachine`: restarts the guest of a VM.

use hostler_model::VmId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::vm::VM;
use crate::orchestration::vm::reboot;

api_command! {
    /// Restarts the guest of a VM.
    pub(crate) struct RebootVirtualMachine = "rebootVirtualMachine", asynchronous.object("virtualmachine").shape(&VM);

    /// The VM.
    id: required uuid<VmId> .entity("virtualmachine"),
    /// Whether to reset it instead of asking the guest.
    forced: optional boolean,
}

impl Handler for RebootVirtualMachine {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::Vm, self.id.uuid())]).await?;
        let forced = self.forced.unwrap_or(false);
        let job = reboot(call.context, call.caller(), self.id, forced).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
