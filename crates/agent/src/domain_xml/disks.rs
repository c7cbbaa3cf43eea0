//! Disks, the seed CD-ROM and the drive for ISOs: which bus, which letter, which file.

use std::path::Path;

use hostler_model::{DiskCache, DiskTerms, VolumeId};
use hostler_wire::{DiskFormat, DiskSpec, GuestOs, VmSpec};

use super::elements::{BootOrder, Disk, DiskTarget, Driver, Empty, IoTune, SourceFile};
use super::{HostSide, XmlError, has_pcie, text};

/// Serial number of a disk, by which a guest knows it: the first 20 digits of its volume's id.
pub(super) fn serial(volume: VolumeId) -> String {
    volume.uuid().simple().to_string()[..20].to_owned()
}

/// The element `<disk>` of a disk that is plugged into a running domain whose disks have the targets `used`.
///
/// Data disks that come later are always virtio: nothing else can be plugged in everywhere.
pub(super) fn plugged(disk: &DiskSpec, path: &Path, used: &[String]) -> Result<String, XmlError> {
    let mut letters = Letters::default();
    let target = loop {
        let target = letters.next("virtio");
        if !used.contains(&target) {
            break target;
        }
    };
    let target = DiskTarget { dev: target, bus: "virtio" };
    let element = element(disk, path, target, DiskWork::default())?;
    let mut xml = String::new();
    let serializer = quick_xml::se::Serializer::with_root(&mut xml, Some("disk"))?;
    serde::Serialize::serialize(&element, serializer)?;
    Ok(xml)
}

/// Who does a disk's work in QEMU, and how.
#[derive(Debug, Clone, Copy, Default)]
struct DiskWork {
    io: Option<&'static str>,
    thread: Option<u32>,
}

impl DiskWork {
    fn of(spec: &VmSpec) -> Result<Self, XmlError> {
        let io = match spec.details.get("io.policy").map(String::as_str) {
            None => None,
            Some("native") => Some("native"),
            Some("threads") => Some("threads"),
            Some("io_uring") => Some("io_uring"),
            Some(other) => {
                return Err(XmlError::Detail {
                    name: "io.policy",
                    value: other.to_owned(),
                    known: "native, threads, io_uring",
                });
            }
        };
        Ok(Self { io, thread: threads(spec)? })
    }
}

/// How many threads of its own the domain has for disks: one, if the detail `iothreads` asks for it.
pub(super) fn threads(spec: &VmSpec) -> Result<Option<u32>, XmlError> {
    Ok(super::is_wanted(spec, "iothreads")?.then_some(1))
}

fn element(
    disk: &DiskSpec,
    path: &Path,
    target: DiskTarget,
    work: DiskWork,
) -> Result<Disk, XmlError> {
    // QEMU's asynchronous I/O of the kernel goes past the page cache, or not at all
    let io = work.io.filter(|io| *io != "native" || disk.terms.cache == DiskCache::None);
    Ok(Disk {
        kind: "file",
        device: "disk",
        driver: Driver {
            name: "qemu",
            kind: match disk.format {
                DiskFormat::Qcow2 => "qcow2",
                DiskFormat::Raw | DiskFormat::Iso => "raw",
            },
            cache: cache(disk.terms.cache),
            io,
            iothread: work.thread.filter(|_| target.bus == "virtio"),
            discard: Some("unmap"),
        },
        source: Some(SourceFile { file: text(path)? }),
        target,
        iotune: iotune(&disk.terms),
        readonly: None,
        serial: Some(serial(disk.volume)),
        boot: None,
    })
}

/// Every disk in the order of device numbers, then the seed, then the drive for ISOs, which may be empty.
pub(super) fn disks(spec: &VmSpec, host: &HostSide, machine: &str) -> Result<Vec<Disk>, XmlError> {
    let plain = if has_pcie(machine) { "sata" } else { "ide" };
    let usual = if spec.os == GuestOs::WindowsLegacy { plain } else { "virtio" };
    let root_bus = bus(spec, "rootDiskController", machine)?.unwrap_or(usual);
    let data_bus = bus(spec, "dataDiskController", machine)?.unwrap_or(usual);
    let mut order: Vec<_> = spec.disks.iter().zip(&host.disks).collect();
    order.sort_by_key(|(disk, _)| disk.device);
    let work = DiskWork::of(spec)?;
    let mut letters = Letters::default();
    let boots_from_iso = spec.iso.is_some_and(|iso| iso.bootable);
    let mut disks = Vec::with_capacity(order.len() + 2);
    for (position, (disk, path)) in order.into_iter().enumerate() {
        let bus = if position == 0 { root_bus } else { data_bus };
        let mut disk = element(disk, path, DiskTarget { dev: letters.next(bus), bus }, work)?;
        let order = if boots_from_iso { "2" } else { "1" };
        disk.boot = (position == 0).then(|| BootOrder { order: order.to_owned() });
        disks.push(disk);
    }
    // Common cloud kernels have no driver for SATA, but know virtio-scsi.
    let seed_bus = if spec.os == GuestOs::WindowsLegacy { plain } else { "scsi" };
    let target = DiskTarget { dev: letters.next(seed_bus), bus: seed_bus };
    disks.push(drive(Some(&host.seed), target, None)?);
    // An installer of another system than Linux has no driver for virtio-scsi.
    let iso_bus = if spec.os == GuestOs::Linux { "scsi" } else { plain };
    let target = DiskTarget { dev: letters.next(iso_bus), bus: iso_bus };
    let boot = boots_from_iso.then(|| BootOrder { order: "1".to_owned() });
    disks.push(drive(host.iso.as_deref(), target, boot)?);
    Ok(disks)
}

/// A drive that only reads, with a file in it or empty.
fn drive(
    file: Option<&Path>,
    target: DiskTarget,
    boot: Option<BootOrder>,
) -> Result<Disk, XmlError> {
    Ok(Disk {
        kind: "file",
        device: "cdrom",
        driver: Driver {
            name: "qemu",
            kind: "raw",
            cache: None,
            io: None,
            iothread: None,
            discard: None,
        },
        source: file.map(|file| text(file).map(|file| SourceFile { file })).transpose()?,
        target,
        iotune: None,
        readonly: Some(Empty {}),
        serial: None,
        boot,
    })
}

fn bus(
    spec: &VmSpec,
    detail: &'static str,
    machine: &str,
) -> Result<Option<&'static str>, XmlError> {
    let Some(value) = spec.details.get(detail) else { return Ok(None) };
    match (value.to_lowercase().as_str(), has_pcie(machine)) {
        ("virtio", _) => Ok(Some("virtio")),
        ("scsi" | "virtio-scsi", _) => Ok(Some("scsi")),
        ("sata", true) => Ok(Some("sata")),
        ("ide", false) => Ok(Some("ide")),
        ("ide", true) => Ok(Some("sata")), // q35 has no IDE; SATA is what drivers for it drive there
        ("osdefault", _) => Ok(None),
        _ => Err(XmlError::Detail {
            name: detail,
            value: value.clone(),
            known: "virtio, scsi, sata, ide (with machine pc), osdefault",
        }),
    }
}

const fn cache(cache: DiskCache) -> Option<&'static str> {
    match cache {
        DiskCache::None => Some("none"),
        DiskCache::Writeback => Some("writeback"),
        DiskCache::Writethrough => Some("writethrough"),
        DiskCache::Hypervisor => None,
    }
}

fn iotune(terms: &DiskTerms) -> Option<IoTune> {
    let DiskTerms { read_bytes, write_bytes, read_operations, write_operations, cache: _ } = *terms;
    terms.is_throttled().then_some(IoTune {
        read_bytes_sec: read_bytes.per_second,
        write_bytes_sec: write_bytes.per_second,
        read_iops_sec: read_operations.per_second,
        write_iops_sec: write_operations.per_second,
        read_bytes_sec_max: read_bytes.burst,
        write_bytes_sec_max: write_bytes.burst,
        read_iops_sec_max: read_operations.burst,
        write_iops_sec_max: write_operations.burst,
        read_bytes_sec_max_length: read_bytes.burst_seconds,
        write_bytes_sec_max_length: write_bytes.burst_seconds,
        read_iops_sec_max_length: read_operations.burst_seconds,
        write_iops_sec_max_length: write_operations.burst_seconds,
    })
}

/// Gives device names; libvirt reads the controller from them, so there are no gaps.
#[derive(Debug, Default)]
struct Letters {
    vd: u32,
    sd: u32,
    hd: u32,
}

impl Letters {
    fn next(&mut self, bus: &str) -> String {
        let (prefix, next) = match bus {
            "virtio" => ("vd", &mut self.vd),
            "ide" => ("hd", &mut self.hd),
            _ => ("sd", &mut self.sd),
        };
        let name = format!("{prefix}{}", letters(*next));
        *next += 1;
        name
    }
}

/// `a` to `z`, then `aa` and on.
fn letters(number: u32) -> String {
    let letter = |n: u32| char::from(b'a' + u8::try_from(n % 26).unwrap_or_default());
    match number / 26 {
        0 => letter(number).to_string(),
        rest => letters(rest - 1) + &letter(number).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_letters_go_on_after_z() {
        let named: Vec<String> = [0, 25, 26, 51, 52].map(letters).to_vec();
        assert_eq!(named, ["a", "z", "aa", "az", "ba"]);
    }

    #[test]
    fn a_disk_is_known_by_twenty_digits_of_its_volume() {
        let volume = "0192a3b4-c5d6-7e8f-9012-3456789abcde".parse().unwrap();
        assert_eq!(serial(volume), "0192a3b4c5d67e8f9012");
    }
}
