//! Commands about hosts.

use super::{Entry, known};

mod add_host;
mod delete_host;
mod list_hosts;
mod update_host;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<add_host::AddHost>(),
    known::<delete_host::DeleteHost>(),
    known::<list_hosts::ListHosts>(),
    known::<update_host::UpdateHost>(),
];
