//! What a domain's XML says of its disks.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::owned::attribute;

/// A disk of a domain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DiskView {
    /// Its file.
    pub file: String,
    /// Its name in the XML, for instance `vdb`.
    pub target: String,
    /// Its bus, for instance `virtio`.
    pub bus: String,
    /// Whether it is a drive for CDs, of which the file may be empty.
    pub is_drive: bool,
}

impl DiskView {
    /// What names the disk to libvirt, to unplug it.
    pub(super) fn element(&self) -> String {
        if self.is_drive {
            return self.drive();
        }
        let escape = quick_xml::escape::escape;
        let (file, target, bus) = (escape(&self.file), escape(&self.target), escape(&self.bus));
        format!(
            r#"<disk type="file" device="disk"><source file="{file}"/><target dev="{target}" bus="{bus}"/></disk>"#
        )
    }

    /// The drive with its file in it, or empty.
    fn drive(&self) -> String {
        let escape = quick_xml::escape::escape;
        let (file, target, bus) = (escape(&self.file), escape(&self.target), escape(&self.bus));
        let source =
            if file.is_empty() { String::new() } else { format!(r#"<source file="{file}"/>"#) };
        format!(
            r#"<disk type="file" device="cdrom"><driver name="qemu" type="raw"/>{source}<target dev="{target}" bus="{bus}"/><readonly/></disk>"#
        )
    }
}

/// The disks that `xml` has, of a domain or alone, in their order. Files that a disk is an overlay of are none.
pub(super) fn disks(xml: &str) -> Vec<DiskView> {
    let mut reader = Reader::from_str(xml);
    let (mut disks, mut open, mut depth) = (Vec::new(), None, 0_u32);
    loop {
        match reader.read_event() {
            Ok(Event::Start(element)) if open.is_none() => {
                if element.name().as_ref() == "disk" {
                    let is_drive = attribute(&element, "device").is_some_and(|it| it == "cdrom");
                    open = Some(DiskView { is_drive, ..DiskView::default() });
                }
            }
            Ok(Event::Start(element)) => {
                note(&mut open, &element, depth);
                depth += 1;
            }
            Ok(Event::Empty(element)) => note(&mut open, &element, depth),
            Ok(Event::End(_)) if depth > 0 => depth -= 1,
            Ok(Event::End(_)) => disks.extend(open.take()),
            Ok(Event::Eof) | Err(_) => return disks,
            Ok(_) => {}
        }
    }
}

fn note(open: &mut Option<DiskView>, element: &BytesStart<'_>, depth: u32) {
    let Some(disk) = open.as_mut().filter(|_| depth == 0) else { return };
    let text = |name| attribute(element, name).unwrap_or_default();
    match element.name().as_ref() {
        "source" => disk.file = text("file"),
        "target" => (disk.target, disk.bus) = (text("dev"), text("bus")),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_a_disk_is_not_the_file_that_it_is_an_overlay_of() {
        let xml = "<domain><name>x</name><devices><disk type='file'><source file='/a.qcow2' index='1'><x/></source>\
                   <backingStore type='file'><format type='qcow2'/><source file='/t.qcow2'/></backingStore>\
                   <target dev='vda' bus='virtio'/></disk><disk><target dev='sda' bus='scsi'/></disk>\
                   <interface><source bridge='br0'/><target dev='tap'/></interface></devices></domain>";
        let found = disks(xml);
        let seen: Vec<_> = found.iter().map(|d| (d.file.as_str(), d.target.as_str())).collect();
        assert_eq!(seen, [("/a.qcow2", "vda"), ("", "sda")]);
    }

    #[test]
    fn a_disk_that_is_named_to_libvirt_is_read_back() {
        let disk = DiskView {
            file: "/a&b.qcow2".to_owned(),
            target: "vdb".to_owned(),
            bus: "virtio".to_owned(),
            is_drive: false,
        };
        assert_eq!(disks(&disk.element()), std::slice::from_ref(&disk));
        let full = DiskView { is_drive: true, ..disk };
        assert_eq!(disks(&full.element()), std::slice::from_ref(&full));
        let empty = DiskView { file: String::new(), ..full };
        assert_eq!(disks(&empty.element()), [empty]);
    }
}
