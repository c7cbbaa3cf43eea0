//! What the scheduler looks at: hosts as they are just now, and what a VM wants.

use hostler_model::{AffinityKind, Bytes, ClusterId, HostId, Mhz, Mib, PodId, StoragePoolId};
use serde::{Deserialize, Serialize};

/// A host at one moment.
#[derive(Debug, Clone)]
pub struct HostView {
    /// Its id; on a tie the lower one wins.
    pub id: HostId,
    /// Its name, for people.
    pub name: String,
    /// Its status, for people.
    pub status: String,
    /// The cluster that it is in.
    pub cluster: ClusterId,
    /// The pod that it is in.
    pub pod: PodId,
    /// Whether its agent is connected and ready.
    pub is_up: bool,
    /// Why it takes no new VMs, if so: what an administrator said of it, its cluster or its pod.
    pub closed: Option<String>,
    /// Machine architecture, for instance `x86_64`.
    pub arch: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its CPUs.
    pub cpus: u64,
    /// Speed of one CPU.
    pub cpu_mhz: Mhz,
    /// CPU that runs have claimed, of the physical.
    pub cpu_claimed: Mhz,
    /// Overcommit ratio of its cluster (`cpu.overprovisioning.factor`).
    pub cpu_ratio: f64,
    /// Memory for VMs, without what the host keeps for itself.
    pub memory: Mib,
    /// Memory that runs have claimed, of the physical.
    pub memory_claimed: Mib,
    /// Overcommit ratio of its cluster (`mem.overprovisioning.factor`).
    pub memory_ratio: f64,
    /// VMs there.
    pub runs: u64,
    /// Its local storage pool.
    pub pool: Option<PoolView>,
}

/// A host's storage pool at one moment.
#[derive(Debug, Clone)]
pub struct PoolView {
    /// Its id.
    pub id: StoragePoolId,
    /// Whether it takes new volumes.
    pub is_enabled: bool,
    /// Its tags.
    pub tags: Vec<String>,
    /// Size of its file system.
    pub capacity: Bytes,
    /// In use there, by whomever.
    pub used: Bytes,
    /// Promised to volumes.
    pub promised: Bytes,
}

impl HostView {
    /// CPU that can still be claimed, of the physical; never negative.
    pub fn cpu_free(&self) -> Mhz {
        Mhz((self.cpus * self.cpu_mhz.0).saturating_sub(self.cpu_claimed.0))
    }

    /// Memory that can still be claimed, of the physical; never negative.
    pub fn memory_free(&self) -> Mib {
        Mib(self.memory.0.saturating_sub(self.memory_claimed.0))
    }
}

/// What a VM wants of its host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Demand {
    /// CPUs.
    pub cpus: u64,
    /// Speed of each, as sold.
    pub cpu_mhz: Mhz,
    /// Memory, as sold.
    pub memory: Mib,
    /// Space for volumes that are not written yet.
    pub disk: Bytes,
    /// The pool on which a volume of it lies already.
    pub disk_on: Option<StoragePoolId>,
    /// Machine architecture.
    pub arch: String,
    /// Tags that its host must have.
    pub tags: Vec<String>,
    /// Tags that the storage pool of new volumes must have.
    #[serde(default)]
    pub pool_tags: Vec<String>,
    /// The host that an administrator wants for it.
    pub wanted: Option<HostId>,
    /// The cluster that an administrator wants for it.
    #[serde(default)]
    pub wanted_cluster: Option<ClusterId>,
    /// The pod that an administrator wants for it.
    #[serde(default)]
    pub wanted_pod: Option<PodId>,
    /// Hosts that failed already, each with why.
    pub tried: Vec<(HostId, String)>,
    /// Members of its affinity groups that run somewhere.
    #[serde(default)]
    pub mates: Vec<Mate>,
}

/// A VM in one of the demand's affinity groups, and where it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mate {
    /// The group's name.
    pub group: String,
    /// Where the group's members are to run.
    pub kind: AffinityKind,
    /// The VM's instance name.
    pub vm: String,
    /// Its host.
    pub host: HostId,
}

impl Demand {
    /// What the VM takes of a host's physical CPU, rounded up.
    pub fn cpu_on(&self, host: &HostView) -> Mhz {
        Mhz(shared(self.cpus * self.cpu_mhz.0, host.cpu_ratio))
    }

    /// What the VM takes of a host's physical memory, rounded up.
    pub fn memory_on(&self, host: &HostView) -> Mib {
        Mib(shared(self.memory.0, host.memory_ratio))
    }
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn shared(sold: u64, ratio: f64) -> u64 {
    if ratio <= 1.0 || !ratio.is_finite() { sold } else { (sold as f64 / ratio).ceil() as u64 }
}
