//! `listSSHKeyPairs`: the public SSH keys that VMs can be given.

use hostler_model::{DomainId, SshKeyPairId};
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;
use hostler_store::ssh_keypair::{SshKeyPairFilter, ssh_keypair_list};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::account::{SSH_KEYPAIR, ssh_keypair};
use crate::api::owner::wanted;

api_command! {
    /// Lists registered SSH keys.
    pub(crate) struct ListSshKeyPairs = "listSSHKeyPairs", synchronous
        .object("sshkeypair").shape(&SSH_KEYPAIR).paged().in_projects();

    /// The key of this id.
    id: optional uuid<SshKeyPairId> .entity("sshkeypair"),
    /// Keys of this name.
    name: optional string,
    /// Keys with this fingerprint.
    fingerprint: optional string,
    /// Keys of this account; goes with domainid.
    account: optional string,
    /// Keys of accounts in this domain.
    domainid: optional uuid<DomainId> .entity("domain"),
    /// With domainid: domains below it too.
    isrecursive: optional boolean,
    /// Everything that the caller may see, not only its own.
    listall: optional boolean,
}

impl Handler for ListSshKeyPairs {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let wanted = wanted!(self);
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
