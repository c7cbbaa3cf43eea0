//! Who may log in: other SSH keys, another password. A guest takes them from its seed at its next start.

use hostler_model::{AccountId, JobId, VmId};
use hostler_store::Tx;
use hostler_store::deploy::{public_key_named, template_takes_passwords};
use hostler_store::vm::{GuestPassword, SshKey};
use hostler_store::vm_change::{vm_set_keys, vm_set_password};
use rand::distr::{Alphanumeric, SampleString};
use serde_json::json;

use super::change::{AtOnce, done_at_once, must_be_idle, must_not_be_adopted, visible};
use crate::context::Context;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::orchestration::Caller;

/// How long a password is that is drawn.
const LENGTH: usize = 12;

/// A password that nobody knows yet.
pub(super) fn drawn() -> GuestPassword {
    GuestPassword(Alphanumeric.sample_string(&mut rand::rng(), LENGTH))
}

/// Public keys of an account's key pairs, by their names.
pub(super) fn keys_named(
    tx: &Tx<'_>,
    account: AccountId,
    names: &[String],
) -> Result<Vec<SshKey>, ServiceError> {
    let mut keys = Vec::with_capacity(names.len());
    for name in names {
        let public_key = public_key_named(tx, account, name)?.ok_or_else(|| {
            ServiceError::parameter(format!("parameter keypair: there is no key pair {name:?}"))
        })?;
        keys.push(SshKey { name: name.clone(), public_key });
    }
    Ok(keys)
}

/// Has a stopped VM's guest take other keys, those of `owner` of these names.
///
/// # Errors
/// [`ServiceError`] if it is not stopped, or there is no such key.
pub async fn reset_keys(
    app: &Context,
    caller: &Caller,
    id: VmId,
    owner: Option<AccountId>,
    names: Vec<String>,
) -> Result<JobId, ServiceError> {
    let (caller, now) = (caller.clone(), app.now());
    app.store
        .write(move |tx| {
            let row = visible(tx, &caller, id)?;
            must_be_idle(tx, &row, "given other SSH keys")?;
            must_not_be_adopted(&row, "given other SSH keys")?;
            let keys = keys_named(tx, owner.unwrap_or(row.account), &names)?;
            vm_set_keys(tx, id, &keys, now)?;
            let done = AtOnce {
                api_command: "resetSSHKeyForVirtualMachine",
                event: "VM.RESETSSHKEY",
                what: format!("takes the keys {} at its next start", names.join(", ")),
                result: json!({ "virtualmachine": id }),
            };
            done_at_once(tx, &caller, &row, &done, now)
        })
        .await
}

/// Has a stopped VM's guest take another password; nothing: one that is drawn, and told in the job's answer.
///
/// # Errors
/// [`ServiceError`] if it is not stopped, or its template takes no passwords.
pub async fn reset_password(
    app: &Context,
    caller: &Caller,
    id: VmId,
    given: Option<GuestPassword>,
) -> Result<JobId, ServiceError> {
    let (caller, now) = (caller.clone(), app.now());
    app.store
        .write(move |tx| {
            let row = visible(tx, &caller, id)?;
            must_be_idle(tx, &row, "given another password")?;
            must_not_be_adopted(&row, "given another password")?;
            if !template_takes_passwords(tx, row.template)? {
                let text = format!(
                    "the template of {} takes no passwords; register it with passwordenabled=true",
                    row.instance_name
                );
                return Err(ServiceError::new(ServiceErrorKind::Unsupported, text));
            }
            let is_told = given.is_some();
            vm_set_password(tx, id, &given.unwrap_or_else(drawn), is_told, now)?;
            let done = AtOnce {
                api_command: "resetPasswordForVirtualMachine",
                event: "VM.RESETPASSWORD",
                what: "takes another password at its next start".to_owned(),
                result: json!({ "virtualmachine": id }),
            };
            done_at_once(tx, &caller, &row, &done, now)
        })
        .await
}
