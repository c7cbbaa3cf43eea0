//! `recoverVirtualMachine`: takes a VM back that was destroyed.

use hostler_model::VmId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use super::shown;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::vm::VM;
use crate::orchestration::vm::recover;

api_command! {
    /// Takes a VM back that was destroyed and is not expunged; it is stopped.
    pub(crate) struct RecoverVirtualMachine = "recoverVirtualMachine", synchronous
        .object("virtualmachine").shape(&VM);

    /// The VM.
    id: required uuid<VmId> .entity("virtualmachine"),
}

impl Handler for RecoverVirtualMachine {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::Vm, self.id.uuid())]).await?;
        recover(call.context, call.caller(), self.id).await?;
        shown(call, self.id).await
    }
}
