//! Commands about zones.

pub(crate) mod create_zone;
pub(crate) mod delete_zone;
pub(crate) mod list_zones;
