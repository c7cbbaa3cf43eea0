//! Commands about hosts.

use super::{Entry, known};

mod add_host;
mod delete_host;
mod list_hosts;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<add_host::AddHost>(),
    known::<delete_host::DeleteHost>(),
    known::<list_hosts::ListHosts>(),
];
