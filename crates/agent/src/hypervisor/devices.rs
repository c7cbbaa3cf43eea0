//! What a domain's XML says of its disks and network interfaces: of aliens to be listed, of our own to be unplugged.

use hostler_wire::{AlienDisk, AlienNic};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::owned::attribute;

/// Disks and network interfaces of a domain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Devices {
    /// In the order of the XML.
    pub disks: Vec<AlienDisk>,
    /// In the order of the XML.
    pub nics: Vec<AlienNic>,
}

/// A device whose element is open.
enum Open {
    Disk(AlienDisk),
    Nic(AlienNic),
}

/// What names a network interface to libvirt, to unplug it.
pub(super) fn nic_element(nic: &AlienNic) -> String {
    let escape = quick_xml::escape::escape;
    let (mac, source) = (escape(&nic.mac), escape(&nic.source));
    format!(
        r#"<interface type="bridge"><mac address="{mac}"/><source bridge="{source}"/></interface>"#
    )
}

/// Reads the devices of a domain. What is behind a disk's overlay is not a disk; XML that breaks off tells what came
/// before.
pub(super) fn devices(xml: &str) -> Devices {
    let mut reader = Reader::from_str(xml);
    let mut found = Devices::default();
    let (mut open, mut depth) = (None, 0_u32);
    loop {
        match reader.read_event() {
            Ok(Event::Start(element)) if open.is_none() => open = begin(&element),
            Ok(Event::Start(element)) => {
                note(&mut open, &element, depth);
                depth += 1;
            }
            Ok(Event::Empty(element)) => note(&mut open, &element, depth),
            Ok(Event::End(_)) if depth > 0 => depth -= 1,
            Ok(Event::End(_)) => match open.take() {
                Some(Open::Disk(disk)) => found.disks.push(disk),
                Some(Open::Nic(nic)) => found.nics.push(nic),
                None => {}
            },
            Ok(Event::Eof) | Err(_) => return found,
            Ok(_) => {}
        }
    }
}

fn begin(element: &BytesStart<'_>) -> Option<Open> {
    match element.name().as_ref() {
        "disk" => Some(Open::Disk(AlienDisk { target: String::new(), source: String::new() })),
        "interface" => Some(Open::Nic(AlienNic { mac: String::new(), source: String::new() })),
        _ => None,
    }
}

fn note(open: &mut Option<Open>, element: &BytesStart<'_>, depth: u32) {
    if depth > 0 {
        return;
    }
    let first = |names: &[&str]| names.iter().find_map(|name| attribute(element, name));
    match (open, element.name().as_ref()) {
        (Some(Open::Disk(disk)), "source") => {
            let source = first(&["file", "dev", "name", "dir"]).unwrap_or_default();
            disk.source = match first(&["pool"]).zip(first(&["volume"])) {
                Some((pool, volume)) => format!("{pool}/{volume}"),
                None => source,
            };
        }
        (Some(Open::Disk(disk)), "target") => disk.target = first(&["dev"]).unwrap_or_default(),
        (Some(Open::Nic(nic)), "mac") => nic.mac = first(&["address"]).unwrap_or_default(),
        (Some(Open::Nic(nic)), "source") => {
            nic.source = first(&["bridge", "network", "dev"]).unwrap_or_default();
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn disks_and_network_interfaces_are_read_with_what_is_behind_them() {
        let xml = "<domain><devices>\
            <disk type='file'><source file='/a &amp; b.qcow2'><seclabel/></source>\
              <backingStore><source file='/t.qcow2'/></backingStore><target dev='vda'/></disk>\
            <disk type='block'><source dev='/dev/sdb'/><target dev='vdb'/></disk>\
            <disk type='network'><source protocol='rbd' name='p/v'><host name='x'/></source><target dev='vdc'/></disk>\
            <disk type='volume'><source pool='default' volume='v1'/><target dev='vdd'/></disk>\
            <disk device='cdrom'><target dev='sda'/></disk>\
            <interface type='bridge'><mac address='52:54:00:00:00:01'/><source bridge='br0'/><target dev='vnet3'/></interface>\
            <interface type='network'><mac address='52:54:00:00:00:02'/><source network='default'/></interface>\
            </devices></domain>";
        let found = devices(xml);
        let disks: Vec<_> = found.disks.iter().map(|d| (&*d.target, &*d.source)).collect();
        let expected = [
            ("vda", "/a & b.qcow2"),
            ("vdb", "/dev/sdb"),
            ("vdc", "p/v"),
            ("vdd", "default/v1"),
            ("sda", ""),
        ];
        assert_eq!(disks, expected);
        let nics: Vec<_> = found.nics.iter().map(|n| (&*n.mac, &*n.source)).collect();
        assert_eq!(nics, [("52:54:00:00:00:01", "br0"), ("52:54:00:00:00:02", "default")]);
    }

    proptest! {
        #[test]
        fn no_xml_makes_the_reader_panic(xml: String) {
            let _ = devices(&xml);
        }
    }
}
