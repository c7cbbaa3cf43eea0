//! Commands about domains, accounts and users.

pub mod get_user_keys;
pub mod list_accounts;
pub mod list_domains;
pub mod list_users;
pub mod register_user_keys;
