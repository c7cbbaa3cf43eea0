//! `createSSHKeyPair`: makes an SSH key and keeps its public half. The private half is in the answer and nowhere else.

use hostler_model::{DomainId, SshKeyPairId};
use hostler_query_api::{Answer, ApiError, ErrorClass, api_command};
use hostler_store::ssh_keypair::{
    SshKeyPairFilter, SshKeyPairRow, ssh_keypair_add, ssh_keypair_by_name, ssh_keypair_list,
};
use hostler_store::{Page, Scope};
use uuid::Uuid;

use super::public_key;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::account::{CREATED_SSH_KEYPAIR, created_ssh_keypair};
use crate::onboarding::new_ssh_key;

api_command! {
    /// Makes an Ed25519 SSH key. Its private half is in this answer and is kept nowhere.
    pub(crate) struct CreateSshKeyPair = "createSSHKeyPair", synchronous
        .object("keypair").shape(&CREATED_SSH_KEYPAIR).in_projects();

    /// Its name, unique in its account.
    name: required string,
    /// The account that it is for.
    account: optional string,
    /// The domain of that account.
    domainid: optional uuid<DomainId> .entity("domain"),
}

impl Handler for CreateSshKeyPair {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let account = call.owner(self.account, self.domainid).await?;
        let failed = |why: &str| {
            let text = format!("an SSH key could not be made: {why}; try again");
            Failure(ApiError::new(ErrorClass::CloudRuntime, text))
        };
        let made = new_ssh_key().map_err(|e| failed(&e.to_string()))?;
        let key = public_key::parse(&made.public).map_err(failed)?;
        let row = SshKeyPairRow {
            id: SshKeyPairId::new(Uuid::new_v4()),
            account,
            name: self.name,
            fingerprint: key.fingerprint,
            public_key: key.line,
            created: call.now(),
        };
        let event = call.event("CREATE.SSH.KEYPAIR").about("SSHKeyPair", row.id.uuid());
        let view = call
            .write(move |tx| {
                if ssh_keypair_by_name(tx, row.account, &row.name)?.is_some() {
                    return Err(Failure::invalid(format!(
                        "name: there is an SSH key named {} already; choose another name",
                        row.name
                    )));
                }
                ssh_keypair_add(tx, &row)?;
                event.record(tx, format!("SSH key {} was made", row.name))?;
                let filter = SshKeyPairFilter { id: Some(row.id), ..SshKeyPairFilter::default() };
                Ok(ssh_keypair_list(tx, &filter, &Scope::All, Page::default())?.rows.pop())
            })
            .await?;
        let shown =
            view.map(|view| created_ssh_keypair(&view, made.private.reveal())).unwrap_or_default();
        Ok(call.object(shown))
    }
}
