//! Commands about domains, accounts and users.

use super::{Entry, known};

mod get_user_keys;
mod list_accounts;
mod list_domains;
mod list_users;
mod register_user_keys;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<get_user_keys::GetUserKeys>(),
    known::<list_accounts::ListAccounts>(),
    known::<list_domains::ListDomains>(),
    known::<list_users::ListUsers>(),
    known::<register_user_keys::RegisterUserKeys>(),
];
