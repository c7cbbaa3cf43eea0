//! What a VM is made of, in the project's own terms. The agent turns it into libvirt's XML.

use std::collections::BTreeMap;
use std::net::IpAddr;

use hostler_model::{
    Bytes, DiskTerms, Generation, HostName, InstanceName, MacAddress, Mhz, Mib, NetworkId, NicId,
    RunId, StoragePoolId, TemplateId, VmId, VolumeId,
};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::Secret;

/// Everything a host needs to know to run a VM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VmSpec {
    /// The VM.
    pub vm: VmId,
    /// This incarnation of it.
    pub run: RunId,
    /// The generation that the manager hands over to the agent.
    pub generation: Generation,
    /// Name of the libvirt domain.
    pub name: InstanceName,
    /// What its user calls it; any text.
    pub display_name: String,
    /// The guest's host name.
    pub host_name: HostName,
    /// CPUs.
    pub vcpus: u32,
    /// Speed of each that was sold; sets its share of the host (`<cputune><shares>`).
    pub cpu_speed: Mhz,
    /// Whether it may not use more than was sold, even if the host is idle.
    pub cpu_limited: bool,
    /// Memory at most.
    pub memory: Mib,
    /// Memory that it is sure of, after overcommit; the balloon's target.
    pub memory_guaranteed: Mib,
    /// Machine architecture, for instance `x86_64`.
    pub arch: String,
    /// What the guest is; decides its clock and devices.
    pub os: GuestOs,
    /// What starts it.
    pub firmware: Firmware,
    /// Its disks; the first is the root disk.
    pub disks: Vec<DiskSpec>,
    /// Its NICs, in the order of their device numbers; exactly one is the default.
    pub nics: Vec<NicSpec>,
    /// What the guest finds at its first boot.
    pub seed: SeedSpec,
    /// Its console over VNC.
    pub vnc: VncSpec,
    /// Choices that few need: `rootDiskController`, `nicAdapter`, `video.hardware`, `machine`, ...
    pub details: BTreeMap<String, String>,
    /// What is in its drive for CDs, which it always has.
    pub iso: Option<IsoSpec>,
}

/// The entry of [`VmSpec::details`] of a VM that was adopted: its libvirt domain is started as it is defined on the host,
/// and none is made in its place.
pub const KEPT_DEFINITION: (&str, &str) = ("definition", "kept");

/// An ISO in the drive of a VM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IsoSpec {
    /// The template of format ISO.
    pub template: TemplateId,
    /// The pool that has it; the host knows the path.
    pub pool: StoragePoolId,
    /// Whether a guest that begins with it in the drive boots from it.
    pub bootable: bool,
}

/// What kind of guest it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum GuestOs {
    /// Clock in UTC, paravirtual devices.
    Linux,
    /// Clock in local time, Hyper-V enlightenments, paravirtual devices.
    Windows,
    /// Windows that has no drivers for paravirtual devices.
    WindowsLegacy,
    /// Nothing is known: clock in UTC, devices that every system knows.
    Other,
}

/// What starts a guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Firmware {
    /// PC BIOS.
    Bios,
    /// UEFI.
    Uefi,
}

/// A disk of a VM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskSpec {
    /// The volume; its first 20 hexadecimal digits are the disk's serial number.
    pub volume: VolumeId,
    /// The pool that it lives on; the host knows the path.
    pub pool: StoragePoolId,
    /// Its format.
    pub format: DiskFormat,
    /// 0 is the root disk, 1 and on are data disks.
    pub device: u32,
    /// How fast it may be, and whether the host caches it.
    pub terms: DiskTerms,
}

/// Formats of disks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DiskFormat {
    /// QEMU's own, with backing files.
    Qcow2,
    /// Plain bytes.
    Raw,
    /// Plain bytes that are an ISO 9660 file system: a CD or DVD, only read.
    Iso,
}

/// A network interface of a VM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NicSpec {
    /// The NIC.
    pub nic: NicId,
    /// Its number in the guest, from 0.
    pub device: u32,
    /// Its hardware address.
    pub mac: MacAddress,
    /// The address that DHCP gives it.
    pub address: Option<IpAddr>,
    /// Whether the guest's default route goes this way.
    pub is_default: bool,
    /// The network that it is on.
    pub network: GuestNetwork,
}

/// A guest network, as a host needs to know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestNetwork {
    /// The network.
    pub id: NetworkId,
    /// The bridge on the host; nothing: the host's `guest.network.device`.
    pub bridge: Option<String>,
    /// Its addresses.
    pub cidr: IpNet,
    /// The way out, if there is one.
    pub gateway: Option<IpAddr>,
    /// The address under which this host serves DHCP and DNS there.
    pub server_address: IpAddr,
    /// Name servers that are asked for what is not local.
    pub dns: Vec<IpAddr>,
    /// The domain of its guests' names.
    pub domain: String,
    /// Largest packet, in bytes (DHCP option 26).
    pub mtu: u16,
}

/// What the guest finds at its first boot, as a NoCloud disk.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SeedSpec {
    /// Public keys that may log in, in the form of `authorized_keys`.
    pub ssh_keys: Vec<String>,
    /// What the user wants done, as it was given, decoded.
    pub user_data: Option<Secret>,
    /// Facts for the guest: `availability-zone`, `service-offering`, ...
    pub metadata: BTreeMap<String, String>,
}

/// A console over VNC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VncSpec {
    /// Address to listen on; 127.0.0.1 unless a console proxy needs more.
    pub listen: IpAddr,
    /// Its password; at most 8 characters count.
    pub password: Secret,
    /// Keyboard layout, for instance `de`.
    pub keyboard: Option<String>,
}

/// A volume that is to be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeSpec {
    /// The volume.
    pub volume: VolumeId,
    /// The pool that it is to live on.
    pub pool: StoragePoolId,
    /// What it is made from; nothing: an empty disk.
    pub template: Option<TemplateId>,
    /// How large the guest sees it. Never smaller than the template's virtual size.
    pub size: Bytes,
}
