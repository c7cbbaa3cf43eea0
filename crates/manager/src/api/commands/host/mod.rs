//! Commands about hosts.

use super::{Entry, known};

mod add_host;
mod cancel_host_maintenance;
mod clean_machine;
mod delete_host;
mod list_hosts;
mod login;
mod prepare_host_for_maintenance;
mod reconnect_host;
mod update_host;
mod upgrade_host;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<add_host::AddHost>(),
    known::<cancel_host_maintenance::CancelHostMaintenance>(),
    known::<clean_machine::CleanMachine>(),
    known::<delete_host::DeleteHost>(),
    known::<list_hosts::ListHosts>(),
    known::<prepare_host_for_maintenance::PrepareHostForMaintenance>(),
    known::<reconnect_host::ReconnectHost>(),
    known::<update_host::UpdateHost>(),
    known::<upgrade_host::UpgradeHost>(),
];
