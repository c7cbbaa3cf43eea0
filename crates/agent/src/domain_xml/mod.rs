//! From a [`VmSpec`] and what the host adds to it, to libvirt's domain XML. Pure: no I/O, no libvirt.
//!
//! What decides about devices: the guest's system ([`GuestOs`]), details that override it, and whether KVM works.
//!
//! Not here: whether files and bridges exist (`storage`, `network`), and defining the domain (`hypervisor`).

mod disks;
mod elements;

use std::path::{Path, PathBuf};

use hostler_model::{CloudId, Mhz, Mib, NicId};
use hostler_wire::{DiskSpec, Firmware, GuestOs, NicSpec, VmSpec};

use crate::hypervisor::MARK_NAMESPACE;
use elements::{
    Address, Backend, Channel, ChannelTarget, Clock, Controller, Cpu, CpuTune, Devices, Domain,
    Empty, Features, Graphics, HyperV, Input, Interface, Kib, Listen, Log, Mark, Metadata,
    Modelled, NicDriver, Os, OsType, Port, Rng, Serial, Sized, SourceBridge, Spinlocks, Stated,
    TargetDevice, Timer, Typed, Video,
};

/// Slots that stay free for disks and interfaces that are plugged in later (machine `q35`).
const FREE_SLOTS: usize = 8;
/// Queues that a NIC can have: Linux's `MAX_TAP_QUEUES`.
const MOST_QUEUES: u32 = 256;
/// The period of CPU limits, in microseconds.
const PERIOD: u64 = 100_000;

/// What a libvirt domain is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DomainType {
    /// Hardware virtualisation.
    Kvm,
    /// QEMU's own emulation of the processor.
    Qemu,
    /// Nothing: libvirt's test driver.
    Test,
}

/// What the host adds to a VM's description.
#[derive(Debug, Clone)]
pub struct HostSide {
    /// Our cloud, for the owner mark.
    pub cloud: CloudId,
    /// What the domain is made of.
    pub domain_type: DomainType,
    /// Speed of one CPU of the host; what limits are a share of.
    pub cpu_speed: Mhz,
    /// The file of each disk, in the order of the description.
    pub disks: Vec<PathBuf>,
    /// The seed disk.
    pub seed: PathBuf,
    /// The ISO in the VM's drive; nothing: the drive is empty.
    pub iso: Option<PathBuf>,
    /// Where the serial console is written to.
    pub console_log: PathBuf,
    /// The bridge of each NIC, in the order of the description.
    pub bridges: Vec<String>,
}

/// Why a VM cannot be described to libvirt.
#[derive(Debug, thiserror::Error)]
pub enum XmlError {
    /// A detail that this agent does not know how to follow.
    #[error("detail {name}={value} cannot be followed; known are {known}")]
    Detail {
        /// Name of the detail.
        name: &'static str,
        /// Its value.
        value: String,
        /// What would be right.
        known: &'static str,
    },
    /// An architecture that this agent does not run.
    #[error("guests of architecture {arch} cannot run here, only x86_64")]
    Architecture {
        /// What was asked for.
        arch: String,
    },
    /// The description and the host's part do not fit together.
    #[error(
        "a VM needs a root disk, a file for each disk and for its ISO, and a bridge for each NIC"
    )]
    Incomplete,
    /// A path that is no UTF-8 cannot stand in XML.
    #[error("{path} is no UTF-8 text")]
    Path {
        /// The path.
        path: PathBuf,
    },
    /// The XML could not be written.
    #[error("cannot write domain XML")]
    Write(#[from] quick_xml::SeError),
}

/// The domain XML of a VM on a host.
///
/// # Errors
/// [`XmlError`]
pub fn domain_xml(spec: &VmSpec, host: &HostSide) -> Result<String, XmlError> {
    if host.disks.len() != spec.disks.len()
        || host.bridges.len() != spec.nics.len()
        || host.iso.is_some() != spec.iso.is_some()
        || spec.disks.is_empty()
    {
        return Err(XmlError::Incomplete);
    }
    if spec.arch != "x86_64" {
        return Err(XmlError::Architecture { arch: spec.arch.clone() });
    }
    let domain = Domain {
        kind: match host.domain_type {
            DomainType::Kvm => "kvm",
            DomainType::Qemu => "qemu",
            DomainType::Test => "test",
        },
        name: spec.name.to_string(),
        uuid: spec.vm.to_string(),
        title: title(&spec.display_name),
        metadata: Metadata { mark: mark(spec, host) },
        memory: kib(spec.memory),
        current_memory: kib(guaranteed(spec)),
        vcpu: spec.vcpus,
        iothreads: disks::threads(spec)?,
        cputune: cpu_tune(spec, host),
        os: os(spec, host)?,
        features: features(spec, host),
        cpu: cpu(host.domain_type),
        clock: clock(spec.os, host.domain_type),
        on_poweroff: "destroy",
        on_reboot: "restart",
        on_crash: "destroy",
        devices: devices(spec, host)?,
    };
    let mut xml = String::new();
    let mut serializer = quick_xml::se::Serializer::new(&mut xml);
    serializer.indent(' ', 2);
    serde::Serialize::serialize(&domain, serializer)?;
    Ok(xml)
}

/// The element `<disk>` of a disk that is plugged into a running domain whose disks have the targets `used`.
///
/// # Errors
/// [`XmlError`]
pub fn disk_xml(disk: &DiskSpec, path: &Path, used: &[String]) -> Result<String, XmlError> {
    disks::plugged(disk, path, used)
}

/// The element `<interface>` of a NIC that is plugged into a running domain.
///
/// # Errors
/// [`XmlError::Detail`] if there is no such adapter.
pub fn nic_xml(
    nic: &NicSpec,
    bridge: &str,
    os: GuestOs,
    adapter: Option<&str>,
) -> Result<String, XmlError> {
    let element = interface(nic, bridge, &nic_model(os, adapter)?, None);
    Ok(quick_xml::se::to_string_with_root("interface", &element)?)
}

/// Name of the host's end of a NIC: ours by its beginning, and the same at every start.
pub fn tap_name(nic: NicId) -> String {
    // 13 of the 15 characters that Linux allows; the digits of a version 4 or 7 id's end are random.
    let id = nic.uuid().simple().to_string();
    format!("hv{}", &id[id.len() - 11..])
}

fn mark(spec: &VmSpec, host: &HostSide) -> Mark {
    Mark {
        namespace: MARK_NAMESPACE,
        cloud: host.cloud.to_string(),
        vm: spec.vm.to_string(),
        run: spec.run.to_string(),
        generation: spec.generation.0,
    }
}

/// What XML can hold of a display name, on one line, as libvirt wants titles.
fn title(display_name: &str) -> Option<String> {
    let shown: String = display_name
        .chars()
        .filter(|c| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}'))
        .collect();
    Some(shown.trim().to_owned()).filter(|shown| !shown.is_empty())
}

fn kib(memory: Mib) -> Kib {
    Kib { unit: "KiB", amount: memory.as_kib() }
}

fn guaranteed(spec: &VmSpec) -> Mib {
    match spec.memory_guaranteed {
        Mib(0) => spec.memory,
        guaranteed => guaranteed.min(spec.memory),
    }
}

/// Shares grow with what was sold, inside what cgroups of either version take (2 to 10,000).
fn cpu_tune(spec: &VmSpec, host: &HostSide) -> CpuTune {
    let sold = u64::from(spec.vcpus).saturating_mul(spec.cpu_speed.0);
    let limit = (spec.cpu_limited && host.cpu_speed.0 > 0 && spec.cpu_speed < host.cpu_speed)
        .then(|| (PERIOD * spec.cpu_speed.0 / host.cpu_speed.0).max(1000));
    CpuTune { shares: (sold / 20).clamp(2, 10_000), period: limit.map(|_| PERIOD), quota: limit }
}

/// The machine: `q35`, or what the detail `machine` says.
fn machine(spec: &VmSpec) -> Result<&str, XmlError> {
    let machine = spec.details.get("machine").map_or("q35", String::as_str);
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    if (machine.starts_with("q35") || machine.starts_with("pc")) && machine.chars().all(plain) {
        return Ok(machine);
    }
    Err(XmlError::Detail {
        name: "machine",
        value: machine.to_owned(),
        known: "q35, pc, and their versions",
    })
}

fn has_pcie(machine: &str) -> bool {
    machine.contains("q35")
}

fn os(spec: &VmSpec, host: &HostSide) -> Result<Os, XmlError> {
    let machine = machine(spec)?;
    let test = host.domain_type == DomainType::Test;
    Ok(Os {
        firmware: (spec.firmware == Firmware::Uefi).then_some("efi"),
        kind: OsType {
            arch: if test { "i686".to_owned() } else { spec.arch.clone() },
            machine: (!test).then(|| machine.to_owned()),
            kind: "hvm",
        },
    })
}

const fn is_windows(os: GuestOs) -> bool {
    matches!(os, GuestOs::Windows | GuestOs::WindowsLegacy)
}

fn features(spec: &VmSpec, host: &HostSide) -> Features {
    let on = || Stated { state: "on".to_owned() };
    // Windows is told that it is a guest; only KVM can tell it.
    let told = is_windows(spec.os) && host.domain_type == DomainType::Kvm;
    Features {
        acpi: Empty {},
        apic: Empty {},
        hyperv: told.then(|| HyperV {
            relaxed: on(),
            vapic: on(),
            spinlocks: Spinlocks { state: "on", retries: 8191 },
        }),
    }
}

const fn cpu(domain_type: DomainType) -> Cpu {
    match domain_type {
        DomainType::Kvm => Cpu { mode: "host-model", matching: None, model: None },
        DomainType::Qemu | DomainType::Test => {
            Cpu { mode: "custom", matching: Some("exact"), model: Some("qemu64") }
        }
    }
}

/// Windows keeps its clock in local time, everybody else in UTC.
fn clock(os: GuestOs, domain_type: DomainType) -> Clock {
    let mut timer = vec![
        Timer { name: "rtc", present: None, tick_policy: Some("catchup") },
        Timer { name: "pit", present: None, tick_policy: Some("delay") },
        Timer { name: "hpet", present: Some("no"), tick_policy: None },
    ];
    let own = if is_windows(os) { "hypervclock" } else { "kvmclock" };
    if domain_type == DomainType::Kvm {
        timer.push(Timer { name: own, present: Some("yes"), tick_policy: None });
    }
    Clock { offset: if is_windows(os) { "localtime" } else { "utc" }, timer }
}

fn devices(spec: &VmSpec, host: &HostSide) -> Result<Devices, XmlError> {
    let machine = machine(spec)?;
    // Windows without drivers would only ask its user for them.
    let paravirtual = spec.os != GuestOs::WindowsLegacy;
    let tablet = spec.os != GuestOs::Linux;
    let disk = disks::disks(spec, host, machine)?;
    let interface = interfaces(spec, host)?;
    // and the drives' controller, serial, balloon, random numbers, USB, SCSI
    let used = spec.disks.len() + interface.len() + 6;
    let channel = paravirtual.then_some(Channel {
        kind: "unix",
        target: ChannelTarget { kind: "virtio", name: "org.qemu.guest_agent.0" },
    });
    let rng = paravirtual.then_some(Rng {
        model: "virtio",
        backend: Backend { model: "random", path: "/dev/urandom" },
    });
    Ok(Devices {
        controller: controllers(machine, &disk, used, tablet, paravirtual),
        disk,
        interface,
        serial: Serial {
            kind: "pty",
            log: Log { file: text(&host.console_log)?, append: "on" },
            target: Port { port: 0 },
        },
        channel,
        input: tablet.then_some(Input { kind: "tablet", bus: "usb" }),
        graphics: Graphics {
            kind: "vnc",
            port: -1,
            autoport: "yes",
            password: spec.vnc.password.reveal().chars().take(8).collect(),
            keymap: spec.vnc.keyboard.clone(),
            listen: Listen { kind: "address", address: spec.vnc.listen.to_string() },
        },
        video: Video { model: Typed { kind: video(spec)? } },
        rng,
        memballoon: Modelled { model: if paravirtual { "virtio" } else { "none" }.to_owned() },
    })
}

fn controllers(
    machine: &str,
    disks: &[elements::Disk],
    used: usize,
    usb: bool,
    paravirtual: bool,
) -> Vec<Controller> {
    let controller = |kind, index, model| Controller { kind, index, model };
    let mut controllers = Vec::new();
    if has_pcie(machine) {
        controllers.push(controller("pci", 0, Some("pcie-root")));
        controllers
            .extend((1..=used + FREE_SLOTS).map(|i| controller("pci", i, Some("pcie-root-port"))));
    }
    let usb_model = match (usb, paravirtual) {
        (false, _) => "none",
        (true, true) => "qemu-xhci",
        (true, false) => "piix3-uhci", // the one that old Windows knows
    };
    controllers.push(controller("usb", 0, Some(usb_model)));
    if disks.iter().any(|disk| disk.target.bus == "scsi") {
        controllers.push(controller("scsi", 0, Some("virtio-scsi")));
    }
    if paravirtual {
        controllers.push(controller("virtio-serial", 0, None));
    }
    controllers
}

fn interfaces(spec: &VmSpec, host: &HostSide) -> Result<Vec<Interface>, XmlError> {
    let model = nic_model(spec.os, spec.details.get("nicAdapter").map(String::as_str))?;
    let mut order: Vec<(&NicSpec, &String)> = spec.nics.iter().zip(&host.bridges).collect();
    order.sort_by_key(|(nic, _)| nic.device);
    let driver = if model == "virtio" { nic_driver(spec)? } else { None };
    let element =
        |(nic, bridge): (&NicSpec, &String)| interface(nic, bridge, &model, driver.clone());
    Ok(order.into_iter().map(element).collect())
}

/// What is chosen of virtio NICs: queues, and how they are laid out. The same for all of a VM.
fn nic_driver(spec: &VmSpec) -> Result<Option<NicDriver>, XmlError> {
    const QUEUES: &str = "nic.multiqueue.number";
    let queues = match spec.details.get(QUEUES).map(|number| (number, number.parse::<i32>())) {
        None => None,
        Some((_, Ok(-1))) => Some(spec.vcpus.min(MOST_QUEUES)),
        Some((_, Ok(number)))
            if (1..=MOST_QUEUES).contains(&number.unsigned_abs()) && number > 0 =>
        {
            Some(number.unsigned_abs())
        }
        Some((odd, _)) => {
            let known = "numbers from 1 to 256, and -1: as many as it has CPUs";
            return Err(XmlError::Detail { name: QUEUES, value: odd.clone(), known });
        }
    };
    let packed = is_wanted(spec, "nic.packed.virtqueues.enabled")?.then_some("on");
    Ok((queues.is_some() || packed.is_some()).then_some(NicDriver { queues, packed }))
}

/// Whether a detail says true; without it, false.
fn is_wanted(spec: &VmSpec, name: &'static str) -> Result<bool, XmlError> {
    match spec.details.get(name).map(String::as_str) {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(other) => {
            Err(XmlError::Detail { name, value: other.to_owned(), known: "true, false" })
        }
    }
}

fn interface(nic: &NicSpec, bridge: &str, model: &str, driver: Option<NicDriver>) -> Interface {
    Interface {
        kind: "bridge",
        mac: Address { address: nic.mac.to_string() },
        source: SourceBridge { bridge: bridge.to_owned() },
        target: TargetDevice { dev: tap_name(nic.nic) },
        model: Typed { kind: model.to_owned() },
        driver,
        mtu: (nic.network.mtu != 1500).then(|| Sized { size: nic.network.mtu.to_string() }),
    }
}

/// What a guest sees its NICs as.
fn nic_model(os: GuestOs, wanted: Option<&str>) -> Result<String, XmlError> {
    const KNOWN: &str = "virtio, e1000, e1000e, rtl8139";
    let usual = if os == GuestOs::WindowsLegacy { "e1000" } else { "virtio" };
    let model = wanted.unwrap_or(usual).to_lowercase();
    if KNOWN.split(", ").any(|known| known == model) {
        return Ok(model);
    }
    Err(XmlError::Detail { name: "nicAdapter", value: model, known: KNOWN })
}

fn video(spec: &VmSpec) -> Result<String, XmlError> {
    const KNOWN: &str = "vga, cirrus, qxl, virtio, bochs, none";
    let usual = if spec.os == GuestOs::WindowsLegacy { "cirrus" } else { "vga" };
    let model = spec.details.get("video.hardware").map_or(usual, String::as_str);
    if KNOWN.split(", ").any(|known| known == model) {
        return Ok(model.to_owned());
    }
    Err(XmlError::Detail { name: "video.hardware", value: model.to_owned(), known: KNOWN })
}

fn text(path: &Path) -> Result<String, XmlError> {
    path.to_str().map(str::to_owned).ok_or_else(|| XmlError::Path { path: path.to_owned() })
}

#[cfg(test)]
pub(crate) mod tests;
