//! Commands about storage pools and volumes.

pub(crate) mod list_storage_pools;
pub(crate) mod list_volumes;
