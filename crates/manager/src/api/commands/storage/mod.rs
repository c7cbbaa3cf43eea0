//! Commands about storage pools.

use super::{Entry, known};

mod list_storage_pools;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[known::<list_storage_pools::ListStoragePools>()];
