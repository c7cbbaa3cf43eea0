//! `resetSSHKeyForVirtualMachine`: has a VM's guest take other SSH keys.

use hostler_model::{DomainId, VmId};
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::vm::VM;
use crate::orchestration::vm::reset_keys;

api_command! {
    /// Has the guest of a stopped VM take other SSH keys at its next start.
    pub(crate) struct ResetSshKeyForVirtualMachine = "resetSSHKeyForVirtualMachine", asynchronous
        .object("virtualmachine").shape(&VM).envelope("resetSSHKeyforvirtualmachineresponse")
        .in_projects();

    /// The VM.
    id: required uuid<VmId> .entity("virtualmachine"),
    /// Name of the key.
    keypair: optional string,
    /// Names of the keys.
    keypairs: optional list<String>,
    /// The account whose keys they are; the VM's by default.
    account: optional string,
    /// The domain of that account.
    domainid: optional uuid<DomainId> .entity("domain"),
}

impl Handler for ResetSshKeyForVirtualMachine {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::Vm, self.id.uuid())]).await?;
        let owner = if self.account.is_some() || call.names_project() {
            Some(call.owner(self.account, self.domainid).await?)
        } else {
            None
        };
        let mut names = self.keypairs.unwrap_or_default();
        names.extend(self.keypair);
        names.dedup();
        if names.is_empty() {
            return Err(Failure::invalid("keypair: name at least one key (keypair or keypairs)"));
        }
        let job = reset_keys(call.context, call.caller(), self.id, owner, names).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
