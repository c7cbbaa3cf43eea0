//! The first words on a connection: Startup, and exactly one of Ready or Refused.
//!
//! Peers of every version must be able to read these, so their bytes are pinned by tests and never change;
//! what a later version adds goes into [`StartupCommand::details`].

use std::collections::BTreeMap;
use std::net::IpAddr;

use hostler_model::{Bytes, CloudId, HostGuid, HostId, Mhz, Mib, StoragePoolId, ZoneId};
use serde::{Deserialize, Serialize};

use crate::{HostReport, ProtocolVersion, VersionRange};

/// What an agent says first: who it is and what it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartupCommand {
    /// The versions that the agent knows.
    pub versions: VersionRange,
    /// The agent's own version, for instance `0.1.0`.
    pub agent_version: String,
    /// The machine, by its own guid; the certificate's subject must be the same.
    pub guid: HostGuid,
    /// The host's name (`uname -n`).
    pub name: String,
    /// Zone, by id or name, as in `agent.properties`.
    pub zone: String,
    /// Pod, by id or name; empty for what belongs to a whole zone.
    pub pod: String,
    /// Cluster, by id or name; empty for what belongs to a whole zone.
    pub cluster: String,
    /// The address that managers and other hosts use.
    pub private_address: Option<IpAddr>,
    /// The address of public traffic.
    pub public_address: Option<IpAddr>,
    /// The address of storage traffic.
    pub storage_address: Option<IpAddr>,
    /// What this agent is.
    pub resource: StartupResource,
    /// Facts by name: `os.name`, `os.version`, `kernel`, `libvirt.transport`, ...
    pub details: BTreeMap<String, String>,
}

/// What kind of resource an agent speaks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StartupResource {
    /// A host that runs VMs.
    Routing(RoutingResource),
    /// An image worker.
    SecondaryStorage(SecondaryStorageResource),
}

/// What a host that runs VMs has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutingResource {
    /// Logical CPUs that VMs may use.
    pub cpus: u32,
    /// CPU sockets.
    pub cpu_sockets: u32,
    /// Speed of one CPU.
    pub cpu_speed: Mhz,
    /// Machine architecture as libvirt names it, for instance `x86_64`.
    pub arch: String,
    /// All memory.
    pub memory: Mib,
    /// Memory that is kept for the host itself (`host.reserved.mem.mb`).
    pub reserved_memory: Mib,
    /// `kvm` where a start test has shown that it works, else `qemu`.
    pub hypervisor: String,
    /// Version of QEMU and libvirt, for people.
    pub hypervisor_version: String,
    /// What it can do, for instance `hvm`, `snapshot`.
    pub capabilities: Vec<String>,
    /// The bridge of guest traffic (`guest.network.device`).
    pub guest_bridge: Option<String>,
    /// Its local storage pool.
    pub local_pool: Option<LocalPool>,
    /// Every VM there, as far as libvirt could be asked.
    pub report: HostReport,
}

/// A directory of a host in which volumes live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalPool {
    /// Made once, at the time the host was prepared (`local.storage.uuid`).
    pub id: StoragePoolId,
    /// The directory (`local.storage.path`).
    pub path: String,
    /// Size of its file system.
    pub capacity: Bytes,
    /// What can still be written.
    pub available: Bytes,
}

/// What an image worker has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondaryStorageResource {
    /// Where hosts fetch templates: address and port.
    pub serve_address: String,
    /// Where it keeps them.
    pub path: String,
    /// Size of that file system.
    pub capacity: Bytes,
    /// What can still be written there.
    pub available: Bytes,
}

/// The manager takes the agent in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadyCommand {
    /// The version that both will write from now on.
    pub version: ProtocolVersion,
    /// This cloud, for the owner mark of libvirt domains.
    pub cloud: CloudId,
    /// The manager that took it in.
    pub manager: u64,
    /// The host's id.
    pub host: HostId,
    /// Its zone.
    pub zone: ZoneId,
    /// Seconds between pings; either side closes a link that is silent for 2.5 of them.
    pub ping_interval_seconds: u32,
}

/// The manager does not take the agent in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Why, for a program.
    pub reason: RefusalReason,
    /// Why and what to do, for a person.
    pub text: String,
    /// Seconds after which trying again makes sense; nothing: never, the agent ends with exit code 66.
    pub retry_after_seconds: Option<u32>,
    /// The versions that the manager knows.
    pub versions: VersionRange,
}

/// Why an agent is not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefusalReason {
    /// No zone, pod or cluster of that id or name.
    UnknownPlace,
    /// The host is recorded in another cluster.
    ClusterMismatch,
    /// The cluster is of another hypervisor.
    HypervisorMismatch,
    /// Another machine with this guid is connected.
    DuplicateGuid,
    /// No common protocol version.
    Version,
    /// The certificate is for another guid.
    Certificate,
    /// A required step of the manager failed; the text names it.
    Listener,
    /// The host was removed from the cloud.
    Removed,
}
