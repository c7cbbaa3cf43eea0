//! `createSSHKeyPair`: makes an SSH key and keeps its public half. The private half is in the answer and nowhere else.

use hostler_model::{DomainId, SshKeyPairId};
use hostler_query_api::{Answer, ApiError, ErrorClass, api_command};
use hostler_store::ssh_keypair::{
    SshKeyPairFilter, SshKeyPairRow, ssh_keypair_add, ssh_keypair_by_name, ssh_keypair_list,
};
use hostler_store::{Page, Scope};
use russh::keys::{Algorithm, PrivateKey, ssh_key};
use uuid::Uuid;

use super::public_key;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::account::{CREATED_SSH_KEYPAIR, created_ssh_keypair};

api_command! {
    /// Makes an Ed25519 SSH key. Its private half is in this answer and is kept nowhere.
    pub(crate) struct CreateSshKeyPair = "createSSHKeyPair", synchronous
        .object("keypair").shape(&CREATED_SSH_KEYPAIR);

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
        let (private, public) = generate().map_err(|e| {
            let text = format!("an SSH key could not be made: {e}; try again");
            Failure(ApiError::new(ErrorClass::CloudRuntime, text))
        })?;
        let key = public_key::parse(&public)
            .map_err(|expected| call.wrong("publickey", &public, expected))?;
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
        let shown = view.map(|view| created_ssh_keypair(&view, &private)).unwrap_or_default();
        Ok(call.object(shown))
    }
}

/// The private key as OpenSSH keeps it in a file, and the public one in one line.
fn generate() -> Result<(String, String), ssh_key::Error> {
    let key = PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519)?;
    let private = key.to_openssh(ssh_key::LineEnding::LF)?.to_string();
    Ok((private, key.public_key().to_openssh()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_halves_belong_together_and_no_key_is_made_twice() {
        let (private, public) = generate().unwrap();
        let read = russh::keys::decode_secret_key(&private, None).unwrap();
        assert_eq!(read.public_key().to_openssh().unwrap(), public);
        assert!(public_key::parse(&public).is_ok());
        assert_ne!(generate().unwrap().1, public);
    }
}
