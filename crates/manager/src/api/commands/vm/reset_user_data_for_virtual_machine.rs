//! `resetUserDataForVirtualMachine`: has a VM's guest be told something else.

use hostler_model::{DomainId, UserDataId, VmId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;
use hostler_store::vm::vm_get;

use super::{shown, user_data};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::vm::VM;
use crate::orchestration::vm::{UserDataWish, reset_user_data};

api_command! {
    /// Gives a stopped VM other user data: at its next start its guest does what guests do at their first.
    pub(crate) struct ResetUserDataForVirtualMachine = "resetUserDataForVirtualMachine", synchronous
        .roles(Roles::ADMIN).object("virtualmachine").shape(&VM).in_projects();

    /// The VM.
    id: required uuid<VmId> .entity("virtualmachine"),
    /// What the guest does, base64; at most 4096 characters by GET. Empty takes it away.
    userdata: optional string .max(1_048_576),
    /// Registered user data of the VM's account, in place of userdata.
    userdataid: optional uuid<UserDataId> .entity("userdata"),
    /// Values that registered user data wants, in place of those there were, as userdatadetails[0].name=value.
    userdatadetails: optional map .max(1024),
    /// The account of the VM, for clients that say it; of another one it is refused.
    account: optional string,
    /// The domain of that account.
    domainid: optional uuid<DomainId> .entity("domain"),
}

impl Handler for ResetUserDataForVirtualMachine {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::Vm, self.id.uuid())]).await?;
        if self.account.is_some() || call.names_project() {
            let (id, owner) = (self.id, call.owner(self.account, self.domainid).await?);
            if call.read(move |tx| Ok(vm_get(tx, id)?.account)).await? != owner {
                return Err(Failure::invalid(format!(
                    "account or projectid: VM {id} is another one's; name its own, or leave both out"
                )));
            }
        }
        let text = user_data::sent(call, self.userdata)?;
        let data = UserDataWish { text, id: self.userdataid, details: self.userdatadetails };
        if data.is_empty() {
            return Err(Failure::invalid(
                "userdata: say what the guest is to do (userdata or userdataid)",
            ));
        }
        reset_user_data(call.context, call.caller(), self.id, data).await?;
        shown(call, self.id).await
    }
}
