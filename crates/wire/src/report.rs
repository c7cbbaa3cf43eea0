//! What an agent tells of its own accord: runs, aliens, statistics.

use std::collections::BTreeMap;

use hostler_model::{
    Bytes, CommandId, Generation, InstanceName, Mib, PowerReason, PowerState, RunId, StoragePoolId,
    VmId,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a host knows about its VMs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HostReport {
    /// Whether libvirt answered and every domain is listed: only then does absence mean anything.
    pub complete: bool,
    /// The VMs that carry this cloud's owner mark.
    pub runs: Vec<RunReport>,
    /// The libvirt domains that do not.
    pub aliens: Vec<AlienReport>,
}

/// One run, as its host sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunReport {
    /// The run, by the owner mark.
    pub run: RunId,
    /// The VM, by the owner mark.
    pub vm: VmId,
    /// Name of the libvirt domain.
    pub name: InstanceName,
    /// How new this is; the agent raises it with every change that it sees.
    pub generation: Generation,
    /// Whether it runs.
    pub power: PowerState,
    /// Why, as far as is known.
    pub reason: PowerReason,
}

/// A libvirt domain that is not this cloud's. It is listed, never touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlienReport {
    /// `<uuid>` of the domain.
    pub uuid: Uuid,
    /// `<name>` of the domain, any text.
    pub name: String,
    /// Whether it runs.
    pub power: PowerState,
    /// Its CPUs.
    pub vcpus: u32,
    /// Its memory.
    pub memory: Mib,
}

/// The sign of life, and what may change without a reason to tell at once.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ping {
    /// Milliseconds since 1970 on the sender's clock; shows how far clocks are apart, decides nothing.
    pub clock_ms: u64,
    /// A number that changes whenever the host's full report would.
    pub report_digest: u64,
    /// How busy the host is; a manager's ping has none.
    pub host: Option<HostStats>,
    /// How busy its VMs are.
    pub vms: Vec<VmStats>,
}

/// How busy a host is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostStats {
    /// Share of all CPU time since the last ping, in thousandths.
    pub cpu_used_permille: u32,
    /// Load average of one minute, in hundredths.
    pub load_centi: u32,
    /// Memory in use, without caches.
    pub memory_used: Mib,
    /// All memory.
    pub memory_total: Mib,
    /// Sent and received by the host's own interfaces since boot.
    pub network_received: Bytes,
    /// See `network_received`.
    pub network_sent: Bytes,
    /// Size and use of each storage pool.
    pub pools: BTreeMap<StoragePoolId, PoolStats>,
}

/// Size and use of a storage pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolStats {
    /// Size of its file system.
    pub capacity: Bytes,
    /// In use there, by whomever.
    pub used: Bytes,
}

/// How busy a VM is, counted from the start of its libvirt domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VmStats {
    /// The VM.
    pub vm: VmId,
    /// CPU time used, in nanoseconds.
    pub cpu_time_ns: u64,
    /// Memory that its QEMU holds on the host (`rss`).
    pub memory_resident: Mib,
    /// Read from its disks.
    pub disk_read: Bytes,
    /// Written to its disks.
    pub disk_written: Bytes,
    /// Received by its NICs.
    pub network_received: Bytes,
    /// Sent by its NICs.
    pub network_sent: Bytes,
}

/// How far a long command is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The command.
    pub command: CommandId,
    /// Done so far.
    pub done: Bytes,
    /// In all, where that is known.
    pub total: Option<Bytes>,
    /// Per second, lately.
    pub rate: Bytes,
}
