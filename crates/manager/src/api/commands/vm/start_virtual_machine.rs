//! `startVirtualMachine`: has a VM run.

use hostler_model::{HostId, VmId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::vm::VM;
use crate::orchestration::vm::{StartOptions, start};

api_command! {
    /// Starts a VM that is stopped.
    pub(crate) struct StartVirtualMachine = "startVirtualMachine", asynchronous.object("virtualmachine").shape(&VM);

    /// The VM.
    id: required uuid<VmId> .entity("virtualmachine"),
    /// The host that it is to run on.
    hostid: optional uuid<HostId> .entity("host").roles(Roles::ADMIN),
}

impl Handler for StartVirtualMachine {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let mut named = vec![("id", Entity::Vm, self.id.uuid())];
        named.extend(self.hostid.map(|id| ("hostid", Entity::Host, id.uuid())));
        call.require(named).await?;
        let options = StartOptions { host: self.hostid };
        let job = start(call.context, call.caller(), self.id, options).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
