//! What a guest is told at its first boot: its user's own user data, its template's, or both, and with it a
//! password if one is due.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hostler_model::{Timestamp, UserDataId, UserDataPolicy};
use hostler_store::Tx;
use hostler_store::deploy_groups::{FoundGroups, NamedUserData};
use hostler_store::user_data::user_data_offered;
use hostler_store::vm::VmRow;
use hostler_store::vm_change::{NewUserData, vm_set_user_data};
use serde_json::json;

use super::DeployRequest;
use crate::error::ServiceError;

/// User data of a VM: the text, and which of the registered it is.
pub(super) type Chosen = (Option<String>, Option<UserDataId>);

/// User data that a VM is given; nothing: none, or as it was.
#[derive(Debug, Clone, Default)]
pub struct UserDataWish {
    /// The text, decoded; an empty one takes away what there was.
    pub text: Option<String>,
    /// One of the registered, in place of a text.
    pub id: Option<UserDataId>,
    /// Values for the guest that go with it.
    pub details: Option<BTreeMap<String, String>>,
}

impl UserDataWish {
    /// Whether nothing is wanted.
    pub fn is_empty(&self) -> bool {
        self.text.is_none() && self.id.is_none() && self.details.is_none()
    }
}

/// Chooses for a new VM among what the request brings and what the template brings along, as the template's policy says.
///
/// # Errors
/// [`ServiceError`] if the request names none that the account has, or the template allows none.
pub(super) fn chosen(request: &DeployRequest, found: &FoundGroups) -> Result<Chosen, ServiceError> {
    let own = own(request.user_data.clone(), request.groups.user_data, found.user_data.as_ref())?;
    settled(own, found.of_template.as_ref())
}

/// Gives a VM other user data. `again`: its guest does at its next start what guests do at their first.
///
/// # Errors
/// As [`chosen`].
pub(super) fn replace(
    tx: &Tx<'_>,
    vm: &VmRow,
    wish: UserDataWish,
    again: bool,
    now: Timestamp,
) -> Result<(), ServiceError> {
    let is_named = wish.text.is_some() || wish.id.is_some();
    let (named, brought) = user_data_offered(tx, vm.account, wish.id, vm.template)?;
    let own = own(wish.text.filter(|text| !text.is_empty()), wish.id, named.as_ref())?;
    let text = is_named.then(|| settled(own, brought.as_ref())).transpose()?;
    Ok(vm_set_user_data(tx, vm.id, &NewUserData { text, details: wish.details }, again, now)?)
}

fn settled(own: Chosen, brought: Option<&NamedUserData>) -> Result<Chosen, ServiceError> {
    let Some(brought) = brought else { return Ok(own) };
    let (Some(text), id) = own else {
        return Ok((Some(brought.content.clone()), Some(brought.id)));
    };
    match brought.policy.unwrap_or(UserDataPolicy::AllowOverride) {
        UserDataPolicy::AllowOverride => Ok((Some(text), id)),
        UserDataPolicy::Append => Ok((Some(both(&brought.content, &text)), id)),
        UserDataPolicy::DenyOverride => Err(ServiceError::parameter(
            "parameter userdata: the template brings its own user data along and allows no other; \
             leave userdata and userdataid out",
        )),
    }
}

fn own(
    text: Option<String>,
    id: Option<UserDataId>,
    named: Option<&NamedUserData>,
) -> Result<Chosen, ServiceError> {
    match (text, id) {
        (Some(_), Some(_)) => Err(ServiceError::parameter(
            "parameter userdataid: it cannot be given along with userdata; give one of them",
        )),
        (text, None) => Ok((text, None)),
        (None, Some(id)) => match named {
            Some(named) => Ok((Some(named.content.clone()), Some(named.id))),
            None => Err(ServiceError::parameter(format!(
                "parameter userdataid: the VM's account has no user data {id}; listUserData names what it has"
            ))),
        },
    }
}

/// The user data for cloud-init; nothing: the host writes the least that a guest needs.
pub(super) fn for_guest(vm: &VmRow) -> Option<String> {
    let Some(password) = &vm.password else { return vm.user_data.clone() };
    let keys: Vec<&str> = vm.ssh_keys.iter().map(|key| key.public_key.as_str()).collect();
    let config = json!({
        "password": password.0,
        "chpasswd": { "expire": false },
        "ssh_pwauth": true,
        "ssh_authorized_keys": keys,
    });
    // JSON is YAML
    let own = format!("#cloud-config\n{config}\n");
    Some(match &vm.user_data {
        Some(given) => both(&own, given),
        None => own,
    })
}

/// Both texts as one: a MIME message of several parts, which cloud-init takes apart and carries out in order.
fn both(first: &str, second: &str) -> String {
    let mut boundary = "==hostler==".to_owned();
    while first.contains(&boundary) || second.contains(&boundary) {
        boundary.push('=');
    }
    format!(
        "Content-Type: multipart/mixed; boundary=\"{boundary}\"\nMIME-Version: 1.0\n\n\
         --{boundary}\n{}\n--{boundary}\n{}\n--{boundary}--\n",
        part(first),
        part(second)
    )
}

/// One part. cloud-init tells by its first line what a part of plain text is; what is a message already stays one.
fn part(text: &str) -> String {
    if text.starts_with("Content-Type:") || text.starts_with("MIME-Version:") {
        return text.to_owned();
    }
    let kind = "Content-Type: text/plain; charset=\"utf-8\"\nContent-Transfer-Encoding: base64";
    format!("{kind}\n\n{}\n", STANDARD.encode(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_texts_become_the_parts_of_one_message_in_their_order() {
        let text = both("#cloud-config\na: 1\n", "#!/bin/sh\ntrue\n");
        let (first, second) =
            (STANDARD.encode("#cloud-config\na: 1\n"), STANDARD.encode("#!/bin/sh\ntrue\n"));
        assert!(text.starts_with("Content-Type: multipart/mixed; boundary=\"==hostler==\"\n"));
        assert!(text.find(&first).unwrap() < text.find(&second).unwrap());
        assert!(text.ends_with("--==hostler==--\n"));
    }

    #[test]
    fn a_message_within_a_message_keeps_a_boundary_of_its_own() {
        let inner = both("#!/bin/sh\n", "#!/bin/sh\n");
        let outer = both(&inner, "#cloud-config\n");
        assert!(outer.starts_with("Content-Type: multipart/mixed; boundary=\"==hostler===\"\n"));
        assert!(outer.contains(&inner));
    }
}
