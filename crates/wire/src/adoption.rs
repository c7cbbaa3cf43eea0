//! What is said to take over a libvirt domain that somebody else made, and to give it back.
//!
//! Not here: which domain can be taken over (the manager decides), and how libvirt describes one (the agent knows).

use hostler_model::{
    Bytes, Generation, InstanceName, Mib, PowerReason, PowerState, RunId, StoragePoolId, VmId,
    VolumeId,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Describes a libvirt domain, whoever made it. It is only read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribeCommand {
    /// `<uuid>` of the domain.
    pub domain: Uuid,
}

/// The answer to [`DescribeCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribeAnswer {
    /// What it is.
    pub domain: Box<DomainDescription>,
}

/// A libvirt domain, as libvirt describes it. Nothing in here is guessed: what is not said is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainDescription {
    /// `<uuid>`.
    pub uuid: Uuid,
    /// `<name>`; any text.
    pub domain_name: String,
    /// Whether it carries an owner mark, of whichever cloud.
    pub is_marked: bool,
    /// Whether it runs.
    pub power: PowerState,
    /// Why; also whether it is paused.
    pub reason: PowerReason,
    /// Whether its definition outlives its run.
    pub persistent: bool,
    /// Whether libvirt starts it by itself.
    pub autostart: bool,
    /// Its CPUs at most.
    pub vcpus: u32,
    /// Its memory at most.
    pub memory: Mib,
    /// Machine architecture, for instance `x86_64`.
    pub arch: String,
    /// Machine type, for instance `pc-q35-7.2`.
    pub machine: String,
    /// Its disks and drives, in the order of the XML.
    pub disks: Vec<DescribedDisk>,
    /// Its network interfaces, in the order of the XML.
    pub nics: Vec<DescribedNic>,
    /// What it has beside that and a VM of the cloud has not, each in words: host devices, snapshots, ...
    pub others: Vec<String>,
    /// The bridge that networks without one of their own are on at this host (`guest.network.device`).
    pub guest_bridge: Option<String>,
    /// The host's storage pools: id and directory.
    pub pools: Vec<(StoragePoolId, String)>,
}

/// A disk or drive of a libvirt domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribedDisk {
    /// Its name in the XML, for instance `vda`.
    pub target: String,
    /// Its bus, for instance `virtio`.
    pub bus: String,
    /// `disk`, `cdrom`, `floppy` or `lun`.
    pub device: String,
    /// What is behind it: `file`, `block`, `network`, ...
    pub kind: String,
    /// Its format as the XML says, for instance `qcow2`.
    pub format: String,
    /// The file, device or name behind it; an empty drive has none.
    pub source: String,
    /// Whether others may have it open too, or it is only read.
    pub is_shared: bool,
    /// Its place in the order in which the firmware tries to boot; nothing: the XML does not say.
    pub boot: Option<u32>,
    /// How large the guest sees it; nothing for what is not a file here.
    pub capacity: Option<Bytes>,
    /// The pool on whose file system the file lies.
    pub pool: Option<StoragePoolId>,
}

/// A network interface of a libvirt domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribedNic {
    /// Its MAC address, as it stands in the XML.
    pub mac: String,
    /// What it is plugged into: `bridge`, `network`, `direct`, ...
    pub kind: String,
    /// The bridge or network.
    pub source: String,
    /// Its model, for instance `virtio`.
    pub model: String,
}

/// Takes a running libvirt domain over, which goes on running: from now on it is that run of that VM.
///
/// A domain that is of that run already is a success. One with another mark, or whose disks are not the ones named, is
/// refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdoptCommand {
    /// The VM that it becomes.
    pub vm: VmId,
    /// Its run.
    pub run: RunId,
    /// The generation that the manager hands over to the agent.
    pub generation: Generation,
    /// What the cloud calls the VM; the libvirt domain keeps its own name.
    pub name: InstanceName,
    /// `<uuid>` of the domain.
    pub domain: Uuid,
    /// Its disks, each the volume that it becomes.
    pub disks: Vec<AdoptedDisk>,
}

/// A disk of a libvirt domain that becomes a volume, and stays where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdoptedDisk {
    /// The volume.
    pub volume: VolumeId,
    /// The pool whose room it takes.
    pub pool: StoragePoolId,
    /// Its file.
    pub path: String,
}

/// The answer to [`AdoptCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdoptAnswer {
    /// The generation, now the agent's to raise.
    pub generation: Generation,
    /// Port of the console over VNC, where there is one.
    pub vnc_port: Option<u16>,
}

/// Gives a libvirt domain back that was taken over: nothing of it is the cloud's any more. It goes on running, its
/// disks stay. One that is not the VM's is a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseCommand {
    /// The VM that it was.
    pub vm: VmId,
    /// What the cloud calls the VM.
    pub name: InstanceName,
    /// Its volumes, whose files stay.
    pub disks: Vec<AdoptedDisk>,
}

/// The answer to [`ReleaseCommand`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseAnswer {
    /// Whether there was a libvirt domain of the VM.
    pub was_here: bool,
}
