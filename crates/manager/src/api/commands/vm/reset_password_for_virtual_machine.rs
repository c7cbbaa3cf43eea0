//! `resetPasswordForVirtualMachine`: has a VM's guest take another password.

use hostler_model::VmId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;
use hostler_store::vm::GuestPassword;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::vm::VM;
use crate::orchestration::vm::reset_password;

api_command! {
    /// Has the guest of a stopped VM take another password at its next start. The job's answer tells it, once.
    pub(crate) struct ResetPasswordForVirtualMachine = "resetPasswordForVirtualMachine", asynchronous
        .object("virtualmachine").shape(&VM);

    /// The VM; its template has to be registered as one that takes passwords.
    id: required uuid<VmId> .entity("virtualmachine"),
    /// The password, from 8 characters; one that is drawn by default.
    password: optional string,
}

impl Handler for ResetPasswordForVirtualMachine {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::Vm, self.id.uuid())]).await?;
        if self.password.as_ref().is_some_and(|password| password.chars().count() < 8) {
            return Err(Failure::invalid("password: it needs at least 8 characters"));
        }
        let given = self.password.map(GuestPassword);
        let job = reset_password(call.context, call.caller(), self.id, given).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
