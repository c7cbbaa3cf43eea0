//! `removeNicFromVirtualMachine`: takes a NIC from a VM.

use hostler_model::{NicId, VmId};
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::vm::VM;
use crate::orchestration::vm::remove_nic;

api_command! {
    /// Takes a NIC, which is not the default one, from a VM; the guest of one that runs has a minute to let go of it.
    pub(crate) struct RemoveNicFromVirtualMachine = "removeNicFromVirtualMachine", asynchronous
        .object("virtualmachine").shape(&VM);

    /// The VM.
    virtualmachineid: required uuid<VmId> .entity("virtualmachine"),
    /// The NIC.
    nicid: required uuid<NicId> .entity("nic"),
}

impl Handler for RemoveNicFromVirtualMachine {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (vm, nic) = (self.virtualmachineid, self.nicid);
        let named =
            vec![("virtualmachineid", Entity::Vm, vm.uuid()), ("nicid", Entity::Nic, nic.uuid())];
        call.require(named).await?;
        let job = remove_nic(call.context, call.caller(), vm, nic).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
