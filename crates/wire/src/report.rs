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
    /// Its disks, as far as its XML could be read.
    pub disks: Vec<AlienDisk>,
    /// Its network interfaces, likewise.
    pub nics: Vec<AlienNic>,
}

/// A disk of an alien.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlienDisk {
    /// Its name in the XML, for instance `vda`.
    pub target: String,
    /// File, device or volume behind it; an empty drive has none.
    pub source: String,
}

/// A network interface of an alien.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlienNic {
    /// Its MAC address, as it stands in the XML.
    pub mac: String,
    /// Bridge or libvirt network that it is on.
    pub source: String,
}

/// What a ping says of all runs and aliens of a host in one number. It does not depend on their order, and both
/// ends come to the same number from the same facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReportDigest(u64);

impl ReportDigest {
    /// Takes a run in.
    pub fn add_run(&mut self, run: RunId, generation: Generation, power: PowerState) {
        let mut sum = Fnv::new(1);
        sum.write(run.uuid().as_bytes());
        sum.write(&generation.0.to_le_bytes());
        sum.write(&[power as u8]);
        self.add(sum);
    }

    /// Takes an alien in.
    pub fn add_alien(&mut self, alien: &AlienReport) {
        let mut sum = Fnv::new(2);
        sum.write(alien.uuid.as_bytes());
        sum.write(&[alien.power as u8]);
        sum.write(&alien.vcpus.to_le_bytes());
        sum.write(&alien.memory.0.to_le_bytes());
        sum.write_text(&alien.name);
        for disk in &alien.disks {
            sum.write_text(&disk.target);
            sum.write_text(&disk.source);
        }
        for nic in &alien.nics {
            sum.write_text(&nic.mac);
            sum.write_text(&nic.source);
        }
        self.add(sum);
    }

    /// The number; never 0, which says that nothing is known.
    pub const fn get(self) -> u64 {
        if self.0 == 0 { 1 } else { self.0 }
    }

    const fn add(&mut self, sum: Fnv) {
        self.0 = self.0.wrapping_add(sum.0);
    }
}

/// FNV-1a of 64 bits: it must be the same in every build, which the standard library's hash does not promise.
#[derive(Debug, Clone, Copy)]
struct Fnv(u64);

impl Fnv {
    fn new(kind: u8) -> Self {
        let mut sum = Self(0xcbf2_9ce4_8422_2325);
        sum.write(&[kind]);
        sum
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// With its length, so that no two lists of texts are the same bytes.
    fn write_text(&mut self, text: &str) {
        self.write(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
        self.write(text.as_bytes());
    }
}

/// The sign of life, and what may change without a reason to tell at once.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ping {
    /// Milliseconds since 1970 on the sender's clock; shows how far clocks are apart, decides nothing.
    pub clock_ms: u64,
    /// [`ReportDigest`] of the host's runs and aliens; 0 where it was not known in time.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn run(number: u128) -> RunId {
        RunId::new(Uuid::from_u128(number))
    }

    #[test]
    fn a_digest_depends_on_every_fact_and_not_on_their_order() {
        let of = |facts: &[(u128, u64, PowerState)]| {
            let mut digest = ReportDigest::default();
            for (number, generation, power) in facts {
                digest.add_run(run(*number), Generation(*generation), *power);
            }
            digest
        };
        let one = (1, 4, PowerState::On);
        let two = (2, 4, PowerState::On);
        assert_eq!(of(&[one, two]), of(&[two, one]));
        for other in [(2, 4, PowerState::Off), (2, 5, PowerState::On), (3, 4, PowerState::On)] {
            assert_ne!(of(&[one, two]), of(&[one, other]));
        }
        assert_ne!(of(&[one]), of(&[one, one]));
    }

    #[test]
    fn a_host_that_has_nothing_says_so_and_not_that_it_does_not_know() {
        assert_ne!(ReportDigest::default().get(), 0);
    }

    #[test]
    fn a_digest_is_the_same_number_in_every_build() {
        let mut digest = ReportDigest::default();
        digest.add_run(run(7), Generation(3), PowerState::On);
        assert_eq!(digest.get(), 0x71d6_dd1c_9e77_520e);
    }
}
