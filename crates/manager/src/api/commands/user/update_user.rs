//! `updateUser`: names, mail address, password and keys. A plain user changes only itself.

use hostler_model::{UserId, UserSource};
use hostler_query_api::{Answer, ApiError, RoleType, api_command};
use hostler_store::session::sessions_of_user_remove;
use hostler_store::user::{Credentials, UserChange, user_change, user_login_failed, user_set_keys};

use super::{hashed, must_be_free, user_now};
use crate::api::bootstrap::Keys;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::account::USER;
use crate::api::password;
use crate::settings::LOGIN_ATTEMPTS;

api_command! {
    /// Changes a user; a plain user only itself.
    pub(crate) struct UpdateUser = "updateUser", synchronous .object("user").shape(&USER);

    /// The user.
    id: required uuid<UserId> .entity("user"),
    /// The new name for logging in, unique in the domain.
    username: optional string .max(100),
    /// The new mail address.
    email: optional string,
    /// The new first name.
    firstname: optional string,
    /// The new last name.
    lastname: optional string,
    /// The new password.
    password: optional string .max(1024),
    /// The present password: who is neither root nor domain administrator has to give it for a new one.
    currentpassword: optional string .max(1024),
    /// The public half of new keys for signing; goes with usersecretkey.
    userapikey: optional string .max(1024),
    /// The secret half of new keys for signing.
    usersecretkey: optional string .max(1024),
    /// By whose clock they live, as UTC or Europe/Berlin.
    timezone: optional string,
}

impl Handler for UpdateUser {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (authority, id) = (call.authority(), self.id);
        let timezone = call.timezone(self.timezone)?;
        let keys = keys_of(self.userapikey, self.usersecretkey)?;
        let found = call.read(move |tx| authority.user_to_change(tx, "id", id)).await?;
        not_from_ldap(&found, self.password.is_some(), self.username.as_deref())?;
        if self.password.is_some() {
            check_current(call, id, self.currentpassword, found.password_hash).await?;
        }
        let password_hash = match self.password {
            Some(password) => Some(hashed(password).await?),
            None => None,
        };
        let change = UserChange {
            name: self.username.filter(|name| *name != found.user.name),
            first_name: self.firstname,
            last_name: self.lastname,
            email: self.email,
            timezone,
            password_hash,
        };
        let (authority, event) = (call.authority(), call.event("USER.UPDATE"));
        let changed = call
            .write(move |tx| {
                let row = authority.user_to_change(tx, "id", id)?.user;
                if let Some(name) = &change.name {
                    must_be_free(tx, row.domain, name)?;
                }
                user_change(tx, id, &change)?;
                if let Some(keys) = &keys {
                    user_set_keys(tx, id, &keys.api_key, &keys.secret_key).map_err(taken)?;
                }
                if change.password_hash.is_some() && !authority.is_self(id) {
                    sessions_of_user_remove(tx, id)?;
                }
                event
                    .about("User", id.uuid())
                    .record(tx, format!("user {} was changed", row.name))?;
                user_now(tx, id)
            })
            .await?;
        Ok(call.object(changed))
    }
}

/// Refuses to change what is a directory's to say.
fn not_from_ldap(
    found: &Credentials,
    has_password: bool,
    name: Option<&str>,
) -> Result<(), Failure> {
    let user = &found.user;
    let renamed = name.is_some_and(|name| name != user.name);
    let param = match (has_password, renamed) {
        (true, _) => "password",
        (false, true) => "username",
        (false, false) => return Ok(()),
    };
    if user.source != UserSource::Ldap {
        return Ok(());
    }
    Err(Failure::invalid(format!(
        "{param}: user {} comes from an LDAP directory, which says their name and password; change them there",
        user.name
    )))
}

fn keys_of(public: Option<String>, secret: Option<String>) -> Result<Option<Keys>, Failure> {
    match (public, secret) {
        (None, None) => Ok(None),
        (Some(api_key), Some(secret_key)) if !api_key.is_empty() && !secret_key.is_empty() => {
            Ok(Some(Keys { api_key, secret_key }))
        }
        _ => Err(Failure::invalid("userapikey and usersecretkey go together, and are not empty")),
    }
}

fn taken(error: hostler_store::StoreError) -> Failure {
    if error.is_unique_violation() {
        return Failure::invalid("userapikey: choose another one");
    }
    error.into()
}

/// Who changes a password has to know the present one, unless they are administrators of domains.
async fn check_current(
    call: Call<'_>,
    id: UserId,
    current: Option<String>,
    hash: Option<String>,
) -> Result<(), Failure> {
    if matches!(call.identity.role(), RoleType::Admin | RoleType::DomainAdmin) {
        return Ok(());
    }
    let Some(current) = current else {
        return Err(Failure::invalid("currentpassword: give the present password for a new one"));
    };
    let right = password::verify(current, hash)
        .await
        .map_err(|error| Failure(ApiError::internal(error)))?;
    if right {
        return Ok(());
    }
    let most = call.context.settings.number(&LOGIN_ATTEMPTS);
    if most > 0 {
        call.write(move |tx| Ok(user_login_failed(tx, id, most)?)).await?;
    }
    Err(Failure::invalid("currentpassword: it is not the present password"))
}
