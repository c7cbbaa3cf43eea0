//! Commands about hosts.

use super::{Entry, known};

mod add_host;
mod cancel_host_maintenance;
mod delete_host;
mod list_hosts;
mod prepare_host_for_maintenance;
mod reconnect_host;
mod update_host;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<add_host::AddHost>(),
    known::<cancel_host_maintenance::CancelHostMaintenance>(),
    known::<delete_host::DeleteHost>(),
    known::<list_hosts::ListHosts>(),
    known::<prepare_host_for_maintenance::PrepareHostForMaintenance>(),
    known::<reconnect_host::ReconnectHost>(),
    known::<update_host::UpdateHost>(),
];
