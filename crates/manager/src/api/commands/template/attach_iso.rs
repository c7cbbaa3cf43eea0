//! `attachIso`: puts an ISO into the drive of a VM, running or not.

use hostler_model::{TemplateId, VmId};
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::vm::VM;
use crate::orchestration::vm::attach_iso;

api_command! {
    /// Puts an ISO into a VM's drive, in place of the one that is there. A VM that runs sees it at once; when it is
    /// stopped and started, it boots from it, if the ISO is bootable.
    pub(crate) struct AttachIso = "attachIso", asynchronous.object("virtualmachine").shape(&VM);

    /// The ISO.
    id: required uuid<TemplateId> .entity("iso"),
    /// The VM.
    virtualmachineid: required uuid<VmId> .entity("virtualmachine"),
    /// Whether to change it although the guest has locked its drive.
    forced: optional boolean,
}

impl Handler for AttachIso {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![
            ("id", Entity::Iso, self.id.uuid()),
            ("virtualmachineid", Entity::Vm, self.virtualmachineid.uuid()),
        ])
        .await?;
        let (vm, forced) = (self.virtualmachineid, self.forced.unwrap_or(false));
        let job = attach_iso(call.context, call.caller(), self.id, vm, forced).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
