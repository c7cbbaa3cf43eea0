//! `listSSHKeyPairs`: the public SSH keys that VMs can be given.

use hostler_model::SshKeyPairId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;
use hostler_store::ssh_keypair::{SshKeyPairFilter, ssh_keypair_list};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::account::{SSH_KEYPAIR, ssh_keypair};

api_command! {
    /// Lists registered SSH keys.
    pub(crate) struct ListSshKeyPairs = "listSSHKeyPairs", synchronous
        .object("sshkeypair").shape(&SSH_KEYPAIR).paged().owned().in_projects();

    /// The key of this id.
    id: optional uuid<SshKeyPairId> .entity("sshkeypair"),
    /// Keys of this name.
    name: optional string,
    /// Keys with this fingerprint.
    fingerprint: optional string,
}

impl Handler for ListSshKeyPairs {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let wanted = call.wanted(self.id.is_some())?;
        let (scope, page) = (call.scope(wanted).await?, call.page()?);
        let filter = SshKeyPairFilter {
            id: self.id,
            name: self.name,
            fingerprint: self.fingerprint,
            keyword: call.keyword(),
        };
        let listed = call.read(move |tx| Ok(ssh_keypair_list(tx, &filter, &scope, page)?)).await?;
        call.list(listed, self.id.map(|id| (Entity::SshKeyPair, id.uuid())), ssh_keypair).await
    }
}
