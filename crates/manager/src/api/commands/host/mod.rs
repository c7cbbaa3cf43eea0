//! Commands about hosts.

use super::{Entry, known};

mod add_host;
mod clean_machine;
mod delete_host;
mod list_hosts;
mod login;
mod upgrade_host;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<add_host::AddHost>(),
    known::<clean_machine::CleanMachine>(),
    known::<delete_host::DeleteHost>(),
    known::<list_hosts::ListHosts>(),
    known::<upgrade_host::UpgradeHost>(),
];
