//! `releaseVirtualMachine`: a VM that was adopted is its host's again. A command of our own.

use hostler_model::VmId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::orchestration::vm::release;

api_command! {
    /// Gives a VM back to its host that was adopted: its libvirt domain is as it was before, runs on if it runs, and is an
    /// alien again. Its disks stay; the cloud forgets the VM.
    pub(crate) struct ReleaseVirtualMachine = "releaseVirtualMachine", asynchronous .roles(Roles::ADMIN);

    /// The VM.
    id: required uuid<VmId> .entity("virtualmachine"),
}

impl Handler for ReleaseVirtualMachine {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::Vm, self.id.uuid())]).await?;
        let job = release(call.context, call.caller(), self.id).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
