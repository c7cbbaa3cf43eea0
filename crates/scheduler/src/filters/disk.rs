//! `StoragePoolFilter`: a VM runs where its volumes are, or fit.

use crate::{Demand, Filter, HostView};

/// Lets through hosts whose storage pool has the root volume, or room for it.
#[derive(Debug)]
pub(super) struct StoragePoolFilter;

impl Filter for StoragePoolFilter {
    fn name(&self) -> &'static str {
        "StoragePoolFilter"
    }

    fn meaning(&self) -> &'static str {
        "hosts whose storage pool has the root volume, or room for it"
    }

    fn check(&self, host: &HostView, demand: &Demand) -> Result<(), String> {
        let Some(pool) = &host.pool else {
            return Err("has no storage pool that is Up".to_owned());
        };
        match demand.disk_on {
            Some(there) if there != pool.id => {
                Err("does not reach the storage pool of the root volume".to_owned())
            }
            Some(_) => Ok(()),
            None if !pool.is_enabled => {
                Err("has a storage pool that is Disabled: it takes no new volumes".to_owned())
            }
            None => {
                if let Some(tag) = demand.pool_tags.iter().find(|tag| !pool.tags.contains(tag)) {
                    return Err(format!("has a storage pool without the tag {tag:?}"));
                }
                let free = pool.capacity.0.saturating_sub(pool.used.0.max(pool.promised.0));
                if free < demand.disk.0 {
                    let free = hostler_model::Bytes(free);
                    return Err(format!(
                        "has {free} of storage free of the {} wanted",
                        demand.disk
                    ));
                }
                Ok(())
            }
        }
    }
}
