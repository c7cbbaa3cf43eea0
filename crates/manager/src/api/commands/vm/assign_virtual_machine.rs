//! `assignVirtualMachine`: gives a VM to another account.

use hostler_model::{DomainId, VmId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;

use super::shown;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::vm::VM;
use crate::orchestration::vm::assign;

api_command! {
    /// Gives a stopped VM with its volumes to another account. Its NICs stay where they are.
    pub(crate) struct AssignVirtualMachine = "assignVirtualMachine", synchronous
        .roles(Roles::ADMINS).object("virtualmachine").shape(&VM);

    /// The VM.
    virtualmachineid: required uuid<VmId> .entity("virtualmachine"),
    /// The account that it is to belong to.
    account: optional string,
    /// The domain of that account.
    domainid: optional uuid<DomainId> .entity("domain"),
}

impl Handler for AssignVirtualMachine {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let vm = self.virtualmachineid;
        call.require(vec![("virtualmachineid", Entity::Vm, vm.uuid())]).await?;
        if self.account.is_none() {
            return Err(Failure::invalid("account: name the account that the VM is to belong to"));
        }
        let account = call.owner(self.account, self.domainid).await?;
        assign(call.context, call.caller(), vm, account).await?;
        shown(call, vm).await
    }
}
