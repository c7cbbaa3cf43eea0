//! Commands about what is for sale.

pub mod create_service_offering;
pub mod delete_service_offering;
pub mod list_disk_offerings;
pub mod list_network_offerings;
pub mod list_service_offerings;
