//! Why a host will not do, as a small value: it is made for every host that is refused, and put into words for few.

use std::fmt;

use hostler_model::{Bytes, Mhz, Mib};

use crate::{Demand, HostView};

/// What a host can have too little of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// Memory, in MiB.
    Memory,
    /// CPU, in MHz.
    Cpu,
    /// CPUs, counted.
    Cpus,
    /// Room on the storage pool, in bytes.
    Disk,
}

impl Resource {
    /// An amount of it, for people.
    pub fn amount(self, amount: u64) -> String {
        match self {
            Self::Memory => Mib(amount).to_string(),
            Self::Cpu => Mhz(amount).to_string(),
            Self::Cpus => format!("{amount} CPUs"),
            Self::Disk => Bytes(amount).to_string(),
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "memory",
            Self::Cpu => "CPU",
            Self::Cpus => "CPUs",
            Self::Disk => "storage",
        })
    }
}

/// Why a host will not do. Positions are those in the demand's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There is too little left.
    Lacks {
        /// Of what.
        what: Resource,
        /// What is left.
        free: u64,
        /// What the VM would take.
        wanted: u64,
    },
    /// Its agent is not connected and ready.
    NotUp,
    /// An administrator said so, of it, its cluster or its pod.
    Closed,
    /// It has another architecture.
    OtherArch,
    /// It lacks a tag of the demand.
    NoTag(u16),
    /// Its storage pool lacks a tag of the demand.
    NoPoolTag(u16),
    /// It has no storage pool that is Up.
    NoPool,
    /// Its storage pool takes no new volumes.
    PoolDisabled,
    /// A volume of the VM lies on another pool.
    OtherPool,
    /// It was tried and failed.
    Tried(u16),
    /// Another host was asked for.
    OtherHost,
    /// Another cluster was asked for.
    OtherCluster,
    /// Another pod was asked for.
    OtherPod,
    /// It is kept for somebody else.
    Kept(u16),
    /// It is not in the availability zone of the demand.
    OtherAvailabilityZone,
    /// A mate is elsewhere, and their group keeps them together.
    Together(u16),
    /// A mate is there, and their group keeps them apart.
    Apart(u16),
    /// What a filter of somebody else says, to follow the host's name in a sentence.
    Because(&'static str),
}

impl Refusal {
    /// How much is missing, of what, if that is all.
    pub fn shortage(&self) -> Option<(Resource, u64)> {
        match self {
            Self::Lacks { what, free, wanted } => Some((*what, wanted.saturating_sub(*free))),
            _ => None,
        }
    }

    /// What is missing as a share of what is wanted; anything that is no shortage is a whole one.
    #[allow(clippy::cast_precision_loss)] // for an order only
    pub(crate) fn distance(&self) -> f64 {
        match self {
            Self::Lacks { free, wanted, .. } => {
                wanted.saturating_sub(*free) as f64 / (*wanted).max(1) as f64
            }
            _ => 1.0,
        }
    }

    /// In words, to follow the host's name in a sentence, with the numbers.
    pub fn words(&self, host: &HostView, demand: &Demand) -> String {
        match *self {
            Self::Lacks { what: Resource::Cpus, free, wanted } => {
                format!("has {free} CPUs, the VM wants {wanted}")
            }
            Self::Lacks { what: Resource::Disk, free, wanted } => {
                let (free, wanted) = (Bytes(free), Bytes(wanted));
                format!("has {free} of storage free of the {wanted} wanted")
            }
            Self::Lacks { what, free, wanted } => {
                format!("has {} free of the {} wanted", what.amount(free), what.amount(wanted))
            }
            Self::NotUp => format!("is {}, not Up", not_up(host)),
            Self::Closed => {
                format!("takes no new VMs: {}", host.closed.as_deref().unwrap_or("it is closed"))
            }
            Self::OtherArch => format!("is {}, the template is for {}", host.arch, demand.arch),
            Self::NoTag(at) => format!("lacks the tag {:?}", text_at(&demand.tags, at)),
            Self::NoPoolTag(at) => {
                format!("has a storage pool without the tag {:?}", text_at(&demand.pool_tags, at))
            }
            Self::NoPool => "has no storage pool that is Up".to_owned(),
            Self::PoolDisabled => {
                "has a storage pool that is Disabled: it takes no new volumes".to_owned()
            }
            Self::OtherPool => {
                "does not reach the storage pool on which a volume of the VM lies".to_owned()
            }
            Self::Tried(at) => {
                let why = demand.tried.get(usize::from(at)).map_or("", |(_, why)| why.as_str());
                format!("was tried and failed: {why}")
            }
            Self::OtherHost => "is not the host that was asked for".to_owned(),
            Self::OtherCluster => "is not in the cluster that was asked for".to_owned(),
            Self::OtherPod => "is not in the pod that was asked for".to_owned(),
            Self::Kept(at) => match host.kept_for.get(usize::from(at)) {
                Some(tenant) => format!("is kept for others: {}", tenant.what),
                None => "is kept for others".to_owned(),
            },
            Self::OtherAvailabilityZone => format!(
                "is not in the availability zone {}",
                demand.availability_zone.as_deref().unwrap_or("that was asked for")
            ),
            Self::Together(at) => match demand.mates.get(usize::from(at)) {
                Some(mate) => {
                    format!("is not where {} runs, and {} keeps them together", mate.vm, mate.by())
                }
                None => "is not where a VM of its group runs".to_owned(),
            },
            Self::Apart(at) => match demand.mates.get(usize::from(at)) {
                Some(mate) => {
                    format!("runs {}, and {} keeps them apart", mate.vm, mate.by())
                }
                None => "runs a VM of its group".to_owned(),
            },
            Self::Because(text) => text.to_owned(),
        }
    }
}

/// A host that is Up by the record and is not connected to this manager is not Up either.
fn not_up(host: &HostView) -> &str {
    if host.status == "Up" { "not connected to this manager" } else { &host.status }
}

fn text_at(texts: &[String], at: u16) -> &str {
    texts.get(usize::from(at)).map_or("", String::as_str)
}

/// A position in a list of the demand, as a refusal has it.
pub(crate) fn position(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}
