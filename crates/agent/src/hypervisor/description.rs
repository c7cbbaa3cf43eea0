//! What libvirt says of a domain that is to be taken over: its XML as it runs and as it is defined, as typed facts.
//!
//! Only read, never written back: what is not understood here stays as it is in libvirt.

use hostler_wire::{DescribedDisk, DescribedNic};
use quick_xml::DeError;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::DomainView;

/// A domain, as libvirt describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// As it is listed.
    pub view: DomainView,
    /// Whether its definition outlives its run.
    pub persistent: bool,
    /// Whether libvirt starts it by itself.
    pub autostart: bool,
    /// What its XML says.
    pub facts: Facts,
}

/// What the XML of a domain says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// CPUs at most.
    pub vcpus: u32,
    /// Machine architecture.
    pub arch: String,
    /// Machine type.
    pub machine: String,
    /// Disks and drives; what the storage knows of their files is not said here.
    pub disks: Vec<DescribedDisk>,
    /// Network interfaces.
    pub nics: Vec<DescribedNic>,
    /// What else it has that a VM of the cloud has not, each in words.
    pub others: Vec<String>,
}

/// Reads the XML of a domain as it runs and as it is defined.
///
/// # Errors
/// If either is no domain.
pub(super) fn facts(live: &str, defined: Option<&str>) -> Result<Facts, DeError> {
    let domain: Domain = quick_xml::de::from_str(live)?;
    let mut others = domain.devices.others();
    let facts = domain.facts();
    if let Some(defined) = defined {
        let defined = quick_xml::de::from_str::<Domain>(defined)?.facts();
        if !have_the_same_devices(&defined, &facts) {
            others.push(
                "disks or network interfaces that are not those of its definition".to_owned(),
            );
        }
    }
    Ok(Facts { others, ..facts })
}

/// Whether what runs has the disks and network interfaces that are defined. Drives may be filled and emptied.
fn have_the_same_devices(one: &Facts, other: &Facts) -> bool {
    let disks = |facts: &Facts| -> Vec<(String, String)> {
        let disks = facts.disks.iter().filter(|disk| disk.device == "disk");
        disks.map(|disk| (disk.target.clone(), disk.source.clone())).collect()
    };
    let nics = |facts: &Facts| -> Vec<(String, String)> {
        facts.nics.iter().map(|nic| (nic.mac.clone(), nic.source.clone())).collect()
    };
    disks(one) == disks(other) && nics(one) == nics(other)
}

#[derive(Deserialize)]
struct Domain {
    #[serde(default)]
    vcpu: Text,
    os: Os,
    #[serde(default)]
    devices: DeviceList,
}

#[derive(Deserialize, Default)]
struct Text {
    #[serde(rename = "$text", default)]
    text: String,
}

#[derive(Deserialize)]
struct Os {
    #[serde(rename = "type")]
    kind: OsType,
}

#[derive(Deserialize)]
struct OsType {
    #[serde(rename = "@arch", default)]
    arch: String,
    #[serde(rename = "@machine", default)]
    machine: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct DeviceList {
    disk: Vec<Disk>,
    interface: Vec<Interface>,
    hostdev: Vec<HostDevice>,
    filesystem: Vec<IgnoredAny>,
    shmem: Vec<IgnoredAny>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct HostDevice {
    #[serde(rename = "@type")]
    kind: String,
}

#[derive(Deserialize)]
struct Disk {
    #[serde(rename = "@type", default)]
    kind: String,
    #[serde(rename = "@device")]
    device: Option<String>,
    #[serde(default)]
    driver: Driver,
    source: Option<Source>,
    target: Target,
    readonly: Option<IgnoredAny>,
    shareable: Option<IgnoredAny>,
    transient: Option<IgnoredAny>,
    encryption: Option<IgnoredAny>,
    mirror: Option<IgnoredAny>,
    boot: Option<Boot>,
}

#[derive(Deserialize, Default)]
struct Driver {
    #[serde(rename = "@type", default)]
    kind: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Source {
    #[serde(rename = "@file")]
    file: Option<String>,
    #[serde(rename = "@dev")]
    dev: Option<String>,
    #[serde(rename = "@name")]
    name: Option<String>,
    #[serde(rename = "@volume")]
    volume: Option<String>,
    #[serde(rename = "@bridge")]
    bridge: Option<String>,
    #[serde(rename = "@network")]
    network: Option<String>,
    encryption: Option<IgnoredAny>,
}

impl Source {
    fn text(&self) -> String {
        let all = [&self.file, &self.dev, &self.name, &self.volume, &self.bridge, &self.network];
        all.into_iter().flatten().next().cloned().unwrap_or_default()
    }
}

#[derive(Deserialize)]
struct Target {
    #[serde(rename = "@dev", default)]
    dev: String,
    #[serde(rename = "@bus", default)]
    bus: String,
}

#[derive(Deserialize)]
struct Boot {
    #[serde(rename = "@order")]
    order: u32,
}

#[derive(Deserialize)]
struct Interface {
    #[serde(rename = "@type", default)]
    kind: String,
    mac: Option<Mac>,
    source: Option<Source>,
    model: Option<Model>,
}

#[derive(Deserialize)]
struct Mac {
    #[serde(rename = "@address")]
    address: String,
}

#[derive(Deserialize)]
struct Model {
    #[serde(rename = "@type")]
    kind: String,
}

impl Domain {
    fn facts(self) -> Facts {
        Facts {
            vcpus: self.vcpu.text.trim().parse().unwrap_or_default(),
            arch: self.os.kind.arch,
            machine: self.os.kind.machine,
            disks: self.devices.disk.into_iter().map(Disk::described).collect(),
            nics: self.devices.interface.into_iter().map(Interface::described).collect(),
            others: Vec::new(),
        }
    }
}

impl DeviceList {
    fn others(&self) -> Vec<String> {
        let mut others: Vec<String> =
            self.hostdev.iter().map(|it| format!("a host's device ({})", it.kind)).collect();
        others.extend(self.filesystem.iter().map(|_| "a directory of its host".to_owned()));
        others.extend(self.shmem.iter().map(|_| "memory that it shares".to_owned()));
        for disk in &self.disk {
            let encryption = disk.source.as_ref().and_then(|source| source.encryption.as_ref());
            let marks = [
                (disk.transient.is_some(), "that forgets what is written"),
                (disk.encryption.is_some() || encryption.is_some(), "that is encrypted"),
                (disk.mirror.is_some(), "that is being copied or moved"),
            ];
            let target = &disk.target.dev;
            let said = marks.iter().filter(|(is_so, _)| *is_so);
            others.extend(said.map(|(_, what)| format!("disk {target} {what}")));
        }
        others
    }
}

impl Disk {
    fn described(self) -> DescribedDisk {
        DescribedDisk {
            target: self.target.dev,
            bus: self.target.bus,
            device: self.device.unwrap_or_else(|| "disk".to_owned()), // as libvirt has it
            kind: self.kind,
            format: self.driver.kind,
            source: self.source.map(|source| source.text()).unwrap_or_default(),
            is_shared: self.readonly.is_some() || self.shareable.is_some(),
            boot: self.boot.map(|boot| boot.order),
            capacity: None,
            pool: None,
        }
    }
}

impl Interface {
    fn described(self) -> DescribedNic {
        DescribedNic {
            mac: self.mac.map(|mac| mac.address).unwrap_or_default(),
            kind: self.kind,
            source: self.source.map(|source| source.text()).unwrap_or_default(),
            model: self.model.map(|model| model.kind).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const XML: &str = "<domain type='kvm' id='4'><name>web</name><vcpu placement='static' current='1'>2</vcpu>\
        <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type><boot dev='hd'/></os><devices>\
        <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/a &amp; b' index='1'/>\
          <backingStore type='file'><format type='qcow2'/><source file='/t'/></backingStore>\
          <target dev='vda' bus='virtio'/><boot order='1'/></disk>\
        <interface type='bridge'><mac address='52:54:00:00:00:01'/><source bridge='br0'/><target dev='vnet0'/>\
          <model type='virtio'/></interface>\
        <disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>\
        </devices></domain>";

    #[test]
    fn disks_drives_and_interfaces_are_told_apart_and_nothing_is_made_up() {
        let facts = facts(XML, Some(XML)).unwrap();
        assert_eq!((facts.vcpus, &*facts.arch, &*facts.machine), (2, "x86_64", "pc-q35-7.2"));
        assert_eq!(facts.others, Vec::<String>::new());
        let [disk, drive] = &facts.disks[..] else { panic!("{facts:?}") };
        assert_eq!((&*disk.source, &*disk.format, disk.boot), ("/a & b", "qcow2", Some(1)));
        assert!(!disk.is_shared && drive.device == "cdrom" && drive.source.is_empty());
        assert_eq!((&*facts.nics[0].kind, &*facts.nics[0].source), ("bridge", "br0"));
    }

    #[test]
    fn what_a_vm_of_the_cloud_has_not_is_named() {
        let more = "<hostdev mode='subsystem' type='pci'/><filesystem type='mount'/>\
            <disk type='file'><target dev='vdb'/><transient/></disk></devices>";
        let others = facts(&XML.replace("</devices>", more), None).unwrap().others;
        assert_eq!(others.len(), 3, "{others:?}");
        assert!(others[0].contains("pci") && others[2].contains("vdb"), "{others:?}");
    }

    #[test]
    fn a_disk_that_was_plugged_in_and_is_not_defined_is_told() {
        let defined = XML.replace("/a &amp; b", "/another");
        assert_eq!(facts(XML, Some(&defined)).unwrap().others.len(), 1);
        assert!(facts("<domain", None).is_err());
    }
}
