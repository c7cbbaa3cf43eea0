//! Commands about users: who can call the API.

use hostler_model::{DomainId, Timestamp, UserId};
use hostler_query_api::ApiError;
use hostler_store::Tx;
use hostler_store::session::sessions_of_user_remove;
use hostler_store::user::{
    NewUser, UserRow, user_add, user_by_name, user_credentials, user_set_password, user_set_state,
};
use serde_json::Value;

use super::{Entry, known};
use crate::api::authority::Authority;
use crate::api::failure::Failure;
use crate::api::objects::account::{is_first, user};
use crate::api::password;

mod create_user;
mod delete_user;
mod disable_user;
mod enable_user;
mod get_user;
mod get_user_keys;
mod list_users;
mod lock_user;
mod move_user;
mod register_user_keys;
mod update_user;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<create_user::CreateUser>(),
    known::<delete_user::DeleteUser>(),
    known::<disable_user::DisableUser>(),
    known::<enable_user::EnableUser>(),
    known::<get_user::GetUser>(),
    known::<get_user_keys::GetUserKeys>(),
    known::<list_users::ListUsers>(),
    known::<lock_user::LockUser>(),
    known::<move_user::MoveUser>(),
    known::<register_user_keys::RegisterUserKeys>(),
    known::<update_user::UpdateUser>(),
];

/// The hash of a new password.
pub(super) async fn hashed(password: String) -> Result<String, Failure> {
    if password.is_empty() {
        return Err(Failure::invalid("password: it is empty; choose one"));
    }
    password::hash(password).await.map_err(|error| Failure(ApiError::internal(error)))
}

/// Adds a user with a password.
pub(super) fn add_user(
    tx: &Tx<'_>,
    domain: DomainId,
    new: &NewUser,
    hash: &str,
    now: Timestamp,
) -> Result<(), Failure> {
    must_be_free(tx, domain, &new.name)?;
    user_add(tx, new, now)?;
    Ok(user_set_password(tx, new.id, hash)?)
}

/// Refuses a name that is empty, or that a user of the domain has.
pub(in crate::api) fn must_be_free(
    tx: &Tx<'_>,
    domain: DomainId,
    name: &str,
) -> Result<(), Failure> {
    if name.trim().is_empty() || user_by_name(tx, domain, name)?.is_some() {
        return Err(Failure::invalid(format!(
            "username: {name:?} is empty, or the domain has such a user; choose another name"
        )));
    }
    Ok(())
}

/// A user as they are now.
fn user_now(tx: &Tx<'_>, id: UserId) -> Result<Value, Failure> {
    Ok(user(&user_credentials(tx, id)?.user))
}

/// Refuses to take away the caller, or the first administrator.
fn not_self_nor_first(authority: &Authority, row: &UserRow, verb: &str) -> Result<(), Failure> {
    if authority.is_self(row.id) {
        return Err(Failure::invalid(format!("callers cannot have themselves {verb}")));
    }
    if is_first(row) {
        return Err(Failure::invalid(format!(
            "user {} came with the product and cannot be {verb}",
            row.name
        )));
    }
    Ok(())
}

/// Disables or locks a user: their sessions end and their keys are refused at once.
fn shut_out(
    tx: &Tx<'_>,
    authority: &Authority,
    id: UserId,
    state: &str,
) -> Result<UserRow, Failure> {
    let row = authority.user_to_change(tx, "id", id)?.user;
    not_self_nor_first(authority, &row, state)?;
    user_set_state(tx, id, state)?;
    sessions_of_user_remove(tx, id)?;
    Ok(row)
}
