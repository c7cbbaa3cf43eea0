//! `expungeVirtualMachine`: removes what is left of a VM.

use hostler_model::VmId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::orchestration::vm::expunge;

api_command! {
    /// Removes everything that is left of a VM.
    pub(crate) struct ExpungeVirtualMachine = "expungeVirtualMachine", asynchronous;

    /// The VM.
    id: required uuid<VmId> .entity("virtualmachine"),
}

impl Handler for ExpungeVirtualMachine {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::Vm, self.id.uuid())]).await?;
        let job = expunge(call.context, call.caller(), self.id).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
