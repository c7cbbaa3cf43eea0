//! Commands about what is for sale.

use super::{Entry, known};

mod create_service_offering;
mod delete_service_offering;
mod list_network_offerings;
mod list_service_offerings;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<create_service_offering::CreateServiceOffering>(),
    known::<delete_service_offering::DeleteServiceOffering>(),
    known::<list_network_offerings::ListNetworkOfferings>(),
    known::<list_service_offerings::ListServiceOfferings>(),
];
