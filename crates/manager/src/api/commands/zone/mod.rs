//! Commands about zones.

pub mod create_zone;
pub mod delete_zone;
pub mod list_zones;
