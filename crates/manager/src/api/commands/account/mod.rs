//! Commands about domains, accounts and users.

pub(crate) mod get_user_keys;
pub(crate) mod list_accounts;
pub(crate) mod list_domains;
pub(crate) mod list_users;
pub(crate) mod register_user_keys;
