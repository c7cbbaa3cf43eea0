//! `updateDefaultNicForVirtualMachine`: chooses the default NIC of a stopped VM.

use hostler_model::{NicId, VmId};
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::vm::VM;
use crate::orchestration::vm::set_default_nic;

api_command! {
    /// Makes a NIC of a stopped VM its default one: the guest's default route goes this way.
    pub(crate) struct UpdateDefaultNicForVirtualMachine = "updateDefaultNicForVirtualMachine", asynchronous
        .object("virtualmachine").shape(&VM);

    /// The VM.
    virtualmachineid: required uuid<VmId> .entity("virtualmachine"),
    /// The NIC.
    nicid: required uuid<NicId> .entity("nic"),
}

impl Handler for UpdateDefaultNicForVirtualMachine {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (vm, nic) = (self.virtualmachineid, self.nicid);
        let named =
            vec![("virtualmachineid", Entity::Vm, vm.uuid()), ("nicid", Entity::Nic, nic.uuid())];
        call.require(named).await?;
        let job = set_default_nic(call.context, call.caller(), vm, nic).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
