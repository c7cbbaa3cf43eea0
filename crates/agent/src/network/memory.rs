//! Guest networks in memory: for tests and for simulated hosts.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use hostler_model::{HostName, NicId, VmId};
use hostler_wire::{GuestNetwork, NicSpec};

use super::{Network, NetworkError};

/// Remembers which NICs are served.
#[derive(Debug, Default)]
pub struct MemoryNetwork(Mutex<BTreeMap<NicId, VmId>>);

impl MemoryNetwork {
    /// The NICs that are served.
    pub fn nics(&self) -> Vec<NicId> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }
}

impl Network for MemoryNetwork {
    fn prepare(&self, vm: VmId, _: &HostName, nic: &NicSpec) -> Result<(), NetworkError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(nic.nic, vm);
        Ok(())
    }

    fn release(&self, nic: NicId, _: &GuestNetwork) -> Result<(), NetworkError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&nic);
        Ok(())
    }

    fn bridge(&self, network: &GuestNetwork) -> Result<String, NetworkError> {
        Ok(network.bridge.clone().unwrap_or_else(|| "br0".to_owned()))
    }
}
