//! Guest networks in memory: for tests and for simulated hosts.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hostler_model::{HostName, NicId, VmId};
use hostler_wire::{GuestNetwork, NicSpec};

use super::{Network, NetworkError};

/// Remembers which NICs are served.
#[derive(Debug, Default)]
pub struct MemoryNetwork {
    served: Mutex<BTreeMap<NicId, VmId>>,
    refuses: AtomicBool,
}

impl MemoryNetwork {
    /// The NICs that are served.
    pub fn nics(&self) -> Vec<NicId> {
        self.lock().keys().copied().collect()
    }

    /// Serves none any more, as if somebody had seen to that on the host.
    pub fn forget(&self) {
        self.lock().clear();
    }

    /// From now on, whether it has no bridge for anybody.
    pub fn refuse(&self, refuses: bool) {
        self.refuses.store(refuses, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<NicId, VmId>> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Network for MemoryNetwork {
    fn prepare(&self, vm: VmId, _: &HostName, nic: &NicSpec) -> Result<(), NetworkError> {
        if self.refuses.load(Ordering::Relaxed) {
            let bridge = nic.network.bridge.clone().unwrap_or_else(|| "br0".to_owned());
            return Err(NetworkError::NoBridge { bridge });
        }
        self.lock().insert(nic.nic, vm);
        Ok(())
    }

    fn release(&self, nic: NicId, _: &GuestNetwork) -> Result<(), NetworkError> {
        self.lock().remove(&nic);
        Ok(())
    }

    fn bridge(&self, network: &GuestNetwork) -> Result<String, NetworkError> {
        Ok(network.bridge.clone().unwrap_or_else(|| "br0".to_owned()))
    }
}
