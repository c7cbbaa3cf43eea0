//! Commands about storage pools and volumes.

pub mod list_storage_pools;
pub mod list_volumes;
