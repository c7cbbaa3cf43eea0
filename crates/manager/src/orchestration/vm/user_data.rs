//! What a new VM's guest does at its first boot: its user's own user data, its template's, or both. Pure.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hostler_model::{UserDataId, UserDataPolicy};
use hostler_store::deploy_groups::FoundGroups;

use super::DeployRequest;
use crate::error::ServiceError;

/// User data of a VM: the text, and which of the registered it is.
pub(super) type Chosen = (Option<String>, Option<UserDataId>);

/// Chooses among what the request brings and what the template brings along, as the template's policy says.
///
/// # Errors
/// [`ServiceError`] if the request names none that the account has, or the template allows none.
pub(super) fn chosen(request: &DeployRequest, found: &FoundGroups) -> Result<Chosen, ServiceError> {
    let own = own(request, found)?;
    let Some(brought) = &found.of_template else { return Ok(own) };
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

fn own(request: &DeployRequest, found: &FoundGroups) -> Result<Chosen, ServiceError> {
    match (&request.user_data, request.groups.user_data) {
        (Some(_), Some(_)) => Err(ServiceError::parameter(
            "parameter userdataid: it cannot be given along with userdata; give one of them",
        )),
        (given, None) => Ok((given.clone(), None)),
        (None, Some(id)) => match &found.user_data {
            Some(named) => Ok((Some(named.content.clone()), Some(named.id))),
            None => Err(ServiceError::parameter(format!(
                "parameter userdataid: the VM's account has no user data {id}; listUserData names what it has"
            ))),
        },
    }
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
