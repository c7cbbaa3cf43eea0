//! `registerSSHKeyPair`: keeps a public SSH key, so that VMs can be given it by name.

use hostler_model::{DomainId, SshKeyPairId};
use hostler_query_api::{Answer, api_command};
use hostler_store::ssh_keypair::{
    SshKeyPairFilter, SshKeyPairRow, ssh_keypair_add, ssh_keypair_by_name, ssh_keypair_list,
};
use hostler_store::{Page, Scope};
use uuid::Uuid;

use super::public_key;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::account::{SSH_KEYPAIR, ssh_keypair};

api_command! {
    /// Keeps a public SSH key, so that VMs can be given it by name.
    pub(crate) struct RegisterSshKeyPair = "registerSSHKeyPair", synchronous
        .object("keypair").shape(&SSH_KEYPAIR).in_projects();

    /// Its name, unique in its account.
    name: required string,
    /// One line in the form of authorized_keys.
    publickey: required string .max(16384),
    /// The account that it is for.
    account: optional string,
    /// The domain of that account.
    domainid: optional uuid<DomainId> .entity("domain"),
}

impl Handler for RegisterSshKeyPair {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let key = public_key::parse(&self.publickey)
            .map_err(|expected| call.wrong("publickey", &self.publickey, expected))?;
        let row = SshKeyPairRow {
            id: SshKeyPairId::new(Uuid::new_v4()),
            account: call.owner(self.account, self.domainid).await?,
            name: self.name,
            fingerprint: key.fingerprint,
            public_key: key.line,
            created: call.now(),
        };
        let event = call.event("REGISTER.SSH.KEYPAIR").about("SSHKeyPair", row.id.uuid());
        let view = call
            .write(move |tx| {
                if ssh_keypair_by_name(tx, row.account, &row.name)?.is_some() {
                    return Err(Failure::invalid(format!(
                        "name: there is an SSH key named {} already; choose another name",
                        row.name
                    )));
                }
                ssh_keypair_add(tx, &row)?;
                event.record(tx, format!("SSH key {} was registered", row.name))?;
                let filter = SshKeyPairFilter { id: Some(row.id), ..SshKeyPairFilter::default() };
                Ok(ssh_keypair_list(tx, &filter, &Scope::All, Page::default())?.rows.pop())
            })
            .await?;
        Ok(call.object(view.as_ref().map(ssh_keypair).unwrap_or_default()))
    }
}
