//! Commands about what is for sale.

use super::{Entry, known};

mod create_network_offering;
mod create_service_offering;
mod delete_network_offering;
mod delete_service_offering;
mod list_network_offerings;
mod list_service_offerings;
mod list_supported_network_services;
pub(crate) mod network_services;
mod offered;
mod update_network_offering;
mod update_service_offering;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<create_network_offering::CreateNetworkOffering>(),
    known::<create_service_offering::CreateServiceOffering>(),
    known::<delete_network_offering::DeleteNetworkOffering>(),
    known::<delete_service_offering::DeleteServiceOffering>(),
    known::<list_network_offerings::ListNetworkOfferings>(),
    known::<list_service_offerings::ListServiceOfferings>(),
    known::<list_supported_network_services::ListSupportedNetworkServices>(),
    known::<update_network_offering::UpdateNetworkOffering>(),
    known::<update_service_offering::UpdateServiceOffering>(),
];
