//! `StoragePoolFilter`: a VM runs where its volumes are, or fit.

use crate::{Demand, Filter, HostView};

/// Lets through hosts whose storage pool has the volumes, or tags and room for them.
#[derive(Debug)]
pub(super) struct StoragePoolFilter;

impl Filter for StoragePoolFilter {
    fn name(&self) -> &'static str {
        "StoragePoolFilter"
    }

    fn meaning(&self) -> &'static str {
        "hosts whose storage pool has the volumes, or tags and room for them"
    }

    fn check(&self, host: &HostView, demand: &Demand) -> Result<(), String> {
        let Some(pool) = &host.pool else {
            return Err("has no storage pool that is Up".to_owned());
        };
        if demand.disk_on.is_some_and(|there| there != pool.id) {
            return Err(
                "does not reach the storage pool on which a volume of the VM lies".to_owned()
            );
        }
        if demand.disk_on.is_some() && demand.disk.0 == 0 {
            return Ok(()); // everything is written
        }
        if !pool.is_enabled {
            return Err("has a storage pool that is Disabled: it takes no new volumes".to_owned());
        }
        if let Some(tag) = demand.pool_tags.iter().find(|tag| !pool.tags.contains(tag)) {
            return Err(format!("has a storage pool without the tag {tag:?}"));
        }
        let free = pool.capacity.0.saturating_sub(pool.used.0.max(pool.promised.0));
        if free < demand.disk.0 {
            let free = hostler_model::Bytes(free);
            return Err(format!("has {free} of storage free of the {} wanted", demand.disk));
        }
        Ok(())
    }
}
