//! Commands about what is for sale.

pub(crate) mod create_service_offering;
pub(crate) mod delete_service_offering;
pub(crate) mod list_disk_offerings;
pub(crate) mod list_network_offerings;
pub(crate) mod list_service_offerings;
