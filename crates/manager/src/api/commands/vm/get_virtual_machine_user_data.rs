//! `getVirtualMachineUserData`: what a VM's guest was told to do at its first boot.

use hostler_model::VmId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;
use hostler_store::vm::vm_get;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::vm::{USER_DATA, user_data};

api_command! {
    /// Gives the user data of a VM.
    pub(crate) struct GetVirtualMachineUserData = "getVirtualMachineUserData", synchronous
        .object("virtualmachineuserdata").shape(&USER_DATA);

    /// The VM.
    virtualmachineid: required uuid<VmId> .entity("virtualmachine"),
}

impl Handler for GetVirtualMachineUserData {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let id = self.virtualmachineid;
        call.require(vec![("virtualmachineid", Entity::Vm, id.uuid())]).await?;
        let row = call.read(move |tx| Ok(vm_get(tx, id)?)).await?;
        Ok(call.object(user_data(id, row.user_data.as_deref())))
    }
}
