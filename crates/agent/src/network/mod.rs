//! Guest networks on this host: DHCP and DNS for its own VMs.
//!
//! Each network has a network namespace of its own with a dnsmasq in it, so that networks may use the same
//! addresses. Several hosts serve one network side by side: each answers only the NICs that it knows.
//!
//! Not here: bridges (the host's administrator makes them), taps (libvirt makes them), addresses (the manager
//! gives them).

mod dnsmasq;
mod error;
mod host;
#[cfg(any(test, feature = "fake-hypervisor"))]
mod memory;
mod namespace;
mod records;

use std::fmt::Debug;

use hostler_model::{HostName, NicId, VmId};
use hostler_wire::{GuestNetwork, NicSpec};

pub use error::NetworkError;
pub use host::HostNetwork;
#[cfg(any(test, feature = "fake-hypervisor"))]
pub use memory::MemoryNetwork;

/// A host's guest networks. Blocking.
pub trait Network: Debug + Send + Sync + 'static {
    /// Serves DHCP and DNS to a NIC from now on; again and again changes nothing.
    ///
    /// # Errors
    /// [`NetworkError`]; the NIC is then not served.
    fn prepare(&self, vm: VmId, host_name: &HostName, nic: &NicSpec) -> Result<(), NetworkError>;

    /// Serves a NIC no longer. With the last one the service for its network ends.
    ///
    /// # Errors
    /// [`NetworkError`]; trying again is safe.
    fn release(&self, nic: NicId, network: &GuestNetwork) -> Result<(), NetworkError>;

    /// The bridge of a network, which is there.
    ///
    /// # Errors
    /// [`NetworkError::NoBridge`]
    fn bridge(&self, network: &GuestNetwork) -> Result<String, NetworkError>;
}
