//! Commands about storage pools and volumes.

use super::{Entry, known};

mod list_storage_pools;
mod list_volumes;
mod update_storage_pool;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<list_storage_pools::ListStoragePools>(),
    known::<list_volumes::ListVolumes>(),
    known::<update_storage_pool::UpdateStoragePool>(),
];
