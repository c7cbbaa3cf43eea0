//! `deleteSSHKeyPair`: forgets a public SSH key. VMs that were given it keep it.

use hostler_model::DomainId;
use hostler_query_api::{Answer, api_command};
use hostler_store::ssh_keypair::{ssh_keypair_by_name, ssh_keypair_remove};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Forgets an SSH key; VMs that were given it keep it.
    pub(crate) struct DeleteSshKeyPair = "deleteSSHKeyPair", synchronous.in_projects();

    /// Its name.
    name: required string,
    /// The account that it belongs to.
    account: optional string,
    /// The domain of that account.
    domainid: optional uuid<DomainId> .entity("domain"),
}

impl Handler for DeleteSshKeyPair {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let account = call.owner(self.account, self.domainid).await?;
        let (name, recorder) = (self.name, call.event("SSH.KEYPAIR.DELETE"));
        call.write(move |tx| {
            let Some(key) = ssh_keypair_by_name(tx, account, &name)? else {
                return Err(Failure::invalid(format!(
                    "name: there is no SSH key named {name}; listSSHKeyPairs names those that exist"
                )));
            };
            ssh_keypair_remove(tx, account, &name)?;
            recorder
                .about("SSHKeyPair", key.id.uuid())
                .record(tx, format!("SSH key {name} was deleted"))
        })
        .await?;
        Ok(call.success())
    }
}
