//! Commands about accounts: who owns things.

use hostler_model::{AccountId, DomainId};
use hostler_query_api::RoleType;
use hostler_store::account::{AccountRow, account_by_name, account_get};
use hostler_store::user::{UserFilter, UserRow, user_list};
use hostler_store::{Page, Scope, StoreError, Tx};
use serde_json::{Value, json};

use super::{Entry, known};
use crate::api::authority::Authority;
use crate::api::call::Call;
use crate::api::failure::Failure;
use crate::api::objects::account::account;
use crate::api::project_names::PREFIX;

mod create_account;
mod delete_account;
mod disable_account;
mod enable_account;
mod list_accounts;
mod lock_account;
pub(super) mod rights;
pub(super) mod terms;
mod update_account;

pub(in crate::api::commands) use list_accounts::account_type;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<create_account::CreateAccount>(),
    known::<delete_account::DeleteAccount>(),
    known::<disable_account::DisableAccount>(),
    known::<enable_account::EnableAccount>(),
    known::<list_accounts::ListAccounts>(),
    known::<lock_account::LockAccount>(),
    known::<update_account::UpdateAccount>(),
];

/// An account as it is now, with its users.
pub(super) fn account_now(tx: &Tx<'_>, id: AccountId) -> Result<Value, Failure> {
    Ok(account(&account_get(tx, id)?, &users_of(tx, &[id])?))
}

/// What a job on an account shows: the account, or success if it was deleted since.
pub(crate) fn account_or_gone(tx: &Tx<'_>, id: AccountId) -> Result<Value, Failure> {
    if let Err(StoreError::NotFound { .. }) = account_get(tx, id) {
        return Ok(json!({"success": true}));
    }
    Ok(json!({"account": account_now(tx, id)?}))
}

/// The users of some accounts.
fn users_of(tx: &Tx<'_>, accounts: &[AccountId]) -> Result<Vec<UserRow>, Failure> {
    if accounts.is_empty() {
        return Ok(Vec::new());
    }
    let filter = UserFilter { accounts: accounts.to_vec(), ..UserFilter::default() };
    Ok(user_list(tx, &filter, &Scope::All, Page::default())?.rows)
}

/// A name that an account of the domain can be given.
pub(in crate::api) fn free_name(
    tx: &Tx<'_>,
    param: &str,
    domain: DomainId,
    name: &str,
) -> Result<(), Failure> {
    if name.is_empty() || name.starts_with(PREFIX) {
        return Err(Failure::invalid(format!(
            "{param}: {name:?} is empty, or begins as the names of projects' accounts do; choose another name"
        )));
    }
    if account_by_name(tx, domain, name)?.is_some() {
        return Err(Failure::invalid(format!(
            "{param}: domain {domain} has an account {name}; choose another name"
        )));
    }
    Ok(())
}

/// Refuses to take away the caller's own account, or the first administrator's.
fn not_own_nor_first(authority: &Authority, row: &AccountRow, verb: &str) -> Result<(), Failure> {
    if authority.is_own(row.id) {
        return Err(Failure::invalid(format!("the caller's own account cannot be {verb}")));
    }
    if row.number == 1 {
        return Err(Failure::invalid(format!(
            "account {} came with the product and cannot be {verb}",
            row.name
        )));
    }
    Ok(())
}

/// Whether nobody has this access by keys: everybody's keys follow the cloud's settings.
pub(in crate::api::commands) fn has_no_such_keys(
    call: Call<'_>,
    access: Option<&str>,
) -> Result<bool, Failure> {
    match access.map(str::to_ascii_lowercase).as_deref() {
        None | Some("inherit") => Ok(false),
        Some("enabled" | "disabled") => Ok(true),
        Some(other) => Err(call.wrong("apikeyaccess", other, "one of Enabled, Disabled, Inherit")),
    }
}

/// Whether a caller of this type sees only its own user.
const fn sees_one_user(role: RoleType) -> bool {
    matches!(role, RoleType::User)
}
