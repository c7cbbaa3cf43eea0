//! Where a new VM is to be beside VMs that are there: nova's hints `same_host` and `different_host`, and its availability zone.
//!
//! Not here: affinity groups (`groups`), the choice of a host (the scheduler).

use hostler_model::{AffinityKind, VmId};
use hostler_store::deploy::DeployFacts;
use hostler_store::vm_hint::vm_hints_add;
use hostler_store::{StoreError, Tx};

use super::DeployRequest;
use crate::error::ServiceError;

/// With which VMs a VM is to run on one host, and with which it is not to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hints {
    /// On the host of each of these that runs.
    pub same_host: Vec<VmId>,
    /// On no host of these.
    pub different_host: Vec<VmId>,
}

impl Hints {
    /// Records them, in the transaction that records the VM.
    pub(super) fn record(&self, tx: &Tx<'_>, vm: VmId) -> Result<(), StoreError> {
        vm_hints_add(tx, vm, &self.same_host, AffinityKind::Together)?;
        vm_hints_add(tx, vm, &self.different_host, AffinityKind::Apart)
    }
}

/// Whether there is the availability zone that a request names.
pub(super) fn check_availability_zone(
    request: &DeployRequest,
    facts: &DeployFacts,
) -> Result<(), ServiceError> {
    let there = &facts.groups.availability_zones;
    match &request.availability_zone {
        Some(name) if !there.contains(name) => {
            let known = if there.is_empty() {
                "the zone has none; an administrator makes one with createHostAggregate".to_owned()
            } else {
                format!("there are: {}", there.join(", "))
            };
            Err(ServiceError::parameter(format!(
                "parameter availabilityzone: there is no availability zone {name}; {known}"
            )))
        }
        _ => Ok(()),
    }
}
