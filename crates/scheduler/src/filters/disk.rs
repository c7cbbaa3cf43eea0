//! `StoragePoolFilter`: a VM runs where its volumes are, or fit.

use crate::refusal::position;
use crate::{Demand, Filter, HostView, Refusal, Resource};

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

    fn check(&self, host: &HostView, demand: &Demand) -> Result<(), Refusal> {
        let Some(pool) = &host.pool else { return Err(Refusal::NoPool) };
        if demand.disk_on.is_some_and(|there| there != pool.id) {
            return Err(Refusal::OtherPool);
        }
        if demand.disk_on.is_some() && demand.disk.0 == 0 {
            return Ok(()); // everything is written
        }
        if !pool.is_enabled {
            return Err(Refusal::PoolDisabled);
        }
        if let Some(at) = demand.pool_tags.iter().position(|tag| !pool.tags.contains(tag)) {
            return Err(Refusal::NoPoolTag(position(at)));
        }
        let (wanted, free) = (demand.disk.0, pool.free().0);
        if free < wanted {
            return Err(Refusal::Lacks { what: Resource::Disk, free, wanted });
        }
        Ok(())
    }
}
