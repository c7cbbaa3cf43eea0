//! `detachIso`: takes the ISO out of a VM's drive.

use hostler_model::VmId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::vm::VM;
use crate::orchestration::vm::detach_iso;

api_command! {
    /// Takes the ISO out of a VM's drive. It is an error if the guest has locked the drive, as one does that has the
    /// ISO mounted; forced does not ask the guest.
    pub(crate) struct DetachIso = "detachIso", asynchronous.object("virtualmachine").shape(&VM);

    /// The VM.
    virtualmachineid: required uuid<VmId> .entity("virtualmachine"),
    /// Whether to take it out although the guest has locked its drive.
    forced: optional boolean,
}

impl Handler for DetachIso {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let vm = self.virtualmachineid;
        call.require(vec![("virtualmachineid", Entity::Vm, vm.uuid())]).await?;
        let forced = self.forced.unwrap_or(false);
        let job = detach_iso(call.context, call.caller(), vm, forced).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
