//! Commands about storage pools.

use super::{Entry, known};

mod list_storage_pools;
mod update_storage_pool;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<list_storage_pools::ListStoragePools>(),
    known::<update_storage_pool::UpdateStoragePool>(),
];
