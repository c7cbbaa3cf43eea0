//! What the scheduler looks at: hosts as they are just now, and what a VM wants.

use std::fmt;

use hostler_model::{
    AccountId, AffinityKind, Bytes, ClusterId, HostId, Mhz, Mib, PodId, StoragePoolId, of_physical,
};
use serde::{Deserialize, Serialize};

/// A host at one moment.
#[derive(Debug, Clone, PartialEq)]
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
    /// Machine architecture.
    pub arch: Arch,
    /// Its tags.
    pub tags: Vec<String>,
    /// For whom it is kept, if it, its cluster, pod or zone is dedicated: a VM's owner must be among each of them.
    pub kept_for: Vec<Tenant>,
    /// Availability zones that it is in.
    pub availability_zones: Vec<String>,
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

/// For whom something is kept: a domain with those below it, or one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// The domain's path, such as `ROOT/shop`.
    pub domain: String,
    /// The account in it, if not everybody there.
    pub account: Option<AccountId>,
    /// What is kept and for whom, for people: "its cluster c1 is dedicated to the domain ROOT/shop".
    pub what: String,
}

impl Tenant {
    /// Whether it is kept for `owner`.
    pub fn has(&self, owner: &Owner) -> bool {
        match self.account {
            Some(account) => account == owner.account,
            None => owner
                .domain
                .strip_prefix(self.domain.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        }
    }
}

/// Whose a VM is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The account.
    pub account: AccountId,
    /// The path of its domain.
    pub domain: String,
}

/// A host's storage pool at one moment.
#[derive(Debug, Clone, PartialEq)]
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

impl PoolView {
    /// Room for volumes that are not written yet; never negative.
    pub fn free(&self) -> Bytes {
        Bytes(self.capacity.0.saturating_sub(self.used.0.max(self.promised.0)))
    }
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

    /// Room on its pool; none without a pool.
    pub fn disk_free(&self) -> Bytes {
        self.pool.as_ref().map_or(Bytes(0), PoolView::free)
    }

    /// The host with the VM on it: what was planned counts for what is planned next.
    pub fn take(&mut self, demand: &Demand) {
        self.cpu_claimed.0 += demand.cpu_on(self).0;
        self.memory_claimed.0 += demand.memory_on(self).0;
        self.runs += 1;
        if let Some(pool) = &mut self.pool {
            pool.promised.0 += demand.disk.0;
        }
    }

    /// The host without a VM that it has.
    pub fn give_back(&mut self, demand: &Demand) {
        self.cpu_claimed.0 = self.cpu_claimed.0.saturating_sub(demand.cpu_on(self).0);
        self.memory_claimed.0 = self.memory_claimed.0.saturating_sub(demand.memory_on(self).0);
        self.runs = self.runs.saturating_sub(1);
        if let Some(pool) = &mut self.pool {
            pool.promised.0 = pool.promised.0.saturating_sub(demand.disk.0);
        }
    }
}

/// A machine architecture, such as `x86_64`: a name of at most 16 bytes, compared without a look elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Arch([u8; 16]);

impl Arch {
    /// The architecture of a name; of a longer one the beginning counts.
    pub fn new(name: &str) -> Self {
        let mut bytes = [0; 16];
        for (byte, of_name) in bytes.iter_mut().zip(name.bytes()) {
            *byte = of_name;
        }
        Self(bytes)
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
        f.write_str(&String::from_utf8_lossy(&self.0[..end]))
    }
}

impl fmt::Debug for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Arch({self})")
    }
}

impl From<String> for Arch {
    fn from(name: String) -> Self {
        Self::new(&name)
    }
}

impl From<Arch> for String {
    fn from(arch: Arch) -> Self {
        arch.to_string()
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
    pub arch: Arch,
    /// Tags that its host must have.
    pub tags: Vec<String>,
    /// Whose it is; nobody in particular: hosts that are kept for somebody do not do.
    #[serde(default)]
    pub owner: Option<Owner>,
    /// The availability zone that it is to be in, if not any.
    #[serde(default)]
    pub availability_zone: Option<String>,
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
    /// How many other VMs its owner has on hosts, as far as the planner wants to know: on which host, and how many.
    #[serde(default)]
    pub siblings: Vec<(HostId, u64)>,
}

/// A VM in one of the demand's affinity groups or of its hints, and where it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mate {
    /// The group's name; empty: a hint says so.
    pub group: String,
    /// Where the group's members are to run.
    pub kind: AffinityKind,
    /// The VM's instance name.
    pub vm: String,
    /// Its host.
    pub host: HostId,
}

impl Mate {
    /// What binds them, for people.
    pub(crate) fn by(&self) -> String {
        if self.group.is_empty() { "a hint".to_owned() } else { format!("group {}", self.group) }
    }
}

impl Demand {
    /// A VM of this size that nothing else is said of.
    pub fn of_size(cpus: u64, cpu_mhz: Mhz, memory: Mib, disk: Bytes, arch: Arch) -> Self {
        Self {
            cpus,
            cpu_mhz,
            memory,
            disk,
            arch,
            disk_on: None,
            tags: Vec::new(),
            owner: None,
            availability_zone: None,
            pool_tags: Vec::new(),
            wanted: None,
            wanted_cluster: None,
            wanted_pod: None,
            tried: Vec::new(),
            mates: Vec::new(),
            siblings: Vec::new(),
        }
    }

    /// What the VM takes of a host's physical CPU, rounded up.
    pub fn cpu_on(&self, host: &HostView) -> Mhz {
        Mhz(of_physical(self.cpus * self.cpu_mhz.0, host.cpu_ratio))
    }

    /// What the VM takes of a host's physical memory, rounded up.
    pub fn memory_on(&self, host: &HostView) -> Mib {
        Mib(of_physical(self.memory.0, host.memory_ratio))
    }
}
