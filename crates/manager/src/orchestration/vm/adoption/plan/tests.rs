//! What is planned of a domain, and what is refused.

use super::*;
use uuid::Uuid;

fn pool() -> StoragePoolId {
    StoragePoolId::new(Uuid::from_u128(9))
}

fn disk(target: &str) -> DescribedDisk {
    DescribedDisk {
        target: target.to_owned(),
        bus: "virtio".to_owned(),
        device: "disk".to_owned(),
        kind: "file".to_owned(),
        format: "qcow2".to_owned(),
        source: format!("/srv/{target}.qcow2"),
        is_shared: false,
        boot: None,
        capacity: Some(Bytes(1 << 30)),
        pool: Some(pool()),
    }
}

fn web() -> DomainDescription {
    DomainDescription {
        uuid: Uuid::from_u128(7),
        domain_name: "web".to_owned(),
        is_marked: false,
        power: PowerState::On,
        reason: PowerReason::Found,
        persistent: true,
        autostart: true,
        vcpus: 2,
        memory: Mib(512),
        arch: "x86_64".to_owned(),
        machine: "q35".to_owned(),
        disks: vec![disk("vda")],
        nics: vec![DescribedNic {
            mac: "52:54:00:00:00:01".to_owned(),
            kind: "bridge".to_owned(),
            source: "br0".to_owned(),
            model: "virtio".to_owned(),
        }],
        others: Vec::new(),
        guest_bridge: Some("br0".to_owned()),
        pools: vec![(pool(), "/pool".to_owned())],
    }
}

fn refusal(domain: &DomainDescription) -> String {
    check(domain).unwrap_err().text
}

#[test]
fn a_domain_of_files_and_bridges_can_be_adopted() {
    check(&web()).unwrap();
    let drive = DescribedDisk { device: "cdrom".to_owned(), source: String::new(), ..disk("sda") };
    let with_drive = DomainDescription { disks: vec![disk("vda"), drive], ..web() };
    check(&with_drive).unwrap();
    assert_eq!(volumes(&with_drive).len(), 1, "a drive is no volume");
}

#[test]
fn everything_that_cannot_be_carried_is_named_at_once() {
    let block =
        DescribedDisk { kind: "block".to_owned(), source: "/dev/sdb".to_owned(), ..disk("vdb") };
    let odd = DomainDescription {
        power: PowerState::Off,
        persistent: false,
        disks: vec![
            DescribedDisk { format: "raw".to_owned(), ..disk("vda") },
            block,
            DescribedDisk { pool: None, ..disk("vdc") },
        ],
        others: vec!["2 snapshots in libvirt".to_owned()],
        ..web()
    };
    let text = refusal(&odd);
    let named = [
        "does not run",
        "transient",
        "vda is raw",
        "/dev/sdb",
        "/srv/vdc.qcow2",
        "/pool",
        "2 snapshots",
    ];
    for word in named {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn an_interface_that_is_not_on_a_bridge_is_refused() {
    let mut domain = web();
    domain.nics[0].kind = "network".to_owned();
    assert!(refusal(&domain).contains("52:54:00:00:00:01"));
}

#[test]
fn the_disk_that_boots_is_the_root_volume() {
    let second = DescribedDisk { boot: Some(1), ..disk("vdb") };
    let domain = DomainDescription { disks: vec![disk("vda"), second], ..web() };
    let targets: Vec<_> = volumes(&domain).into_iter().map(|volume| volume.target).collect();
    assert_eq!(targets, ["vdb", "vda"]);
}

fn offering(number: u128, cpus: u32, memory: u64) -> ServiceOfferingRow {
    ServiceOfferingRow {
        id: ServiceOfferingId::new(Uuid::from_u128(number)),
        name: format!("size-{number}"),
        display_text: String::new(),
        cpus,
        cpu_speed: Mhz(1000),
        memory: Mib(memory),
        limit_cpu: false,
        storage_type: "local".to_owned(),
        root_size: None,
        host_tags: String::new(),
        tags: String::new(),
        terms: hostler_store::service_offering::OfferingTerms::default(),
        created: hostler_model::Timestamp(0),
    }
}

#[test]
fn the_offering_of_just_that_size_is_taken_and_an_open_one_else() {
    let (same, other, open) = (offering(1, 2, 512), offering(2, 2, 256), offering(3, 0, 0));
    let all = [other.clone(), same, open.clone()];
    let host = HostTerms { name: "h1", speed: Mhz(2000), tags: Vec::new() };
    let of = |all: &[ServiceOfferingRow], named| size(&web(), all, named, &host);
    assert_eq!(of(&all, None).unwrap().name, "size-1");
    let open_size = of(&[other.clone(), open], None).unwrap();
    assert_eq!((&*open_size.name, open_size.own.is_some()), ("size-3", true));
    assert!(of(std::slice::from_ref(&other), None).unwrap_err().text.contains("2 CPUs"));
    assert!(of(&all, Some(other.id)).unwrap_err().text.contains("size-2 is 2 CPUs"));
    let two = [offering(1, 2, 512), offering(4, 2, 512)];
    assert!(of(&two, None).unwrap_err().text.contains("size-1, size-4"));
}

/// It stays on its host, so it must be one on which it may be started.
#[test]
fn an_offering_for_hosts_with_a_tag_is_only_taken_where_the_host_has_it() {
    let (plain, mut fast) = (offering(1, 2, 512), offering(2, 2, 512));
    fast.host_tags = "ssd, fast".to_owned();
    let host = |tags: &[&str]| HostTerms {
        name: "h1",
        speed: Mhz(2000),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
    };
    let of = |all: &[ServiceOfferingRow], named, tags: &[&str]| {
        size(&web(), all, named, &host(tags)).map(|size| size.name).map_err(|error| error.text)
    };
    let both = [plain, fast.clone()];
    assert_eq!(of(&both, None, &["ssd"]).unwrap(), "size-1", "the other is none for this host");
    let named = of(&both, Some(fast.id), &["ssd"]).unwrap_err();
    assert!(
        named.contains("size-2 is for hosts with the tag fast, which h1 does not have"),
        "{named}"
    );
    let none = of(&[fast.clone()], None, &[]).unwrap_err();
    assert!(none.contains("no service offering for hosts with the tags of h1"), "{none}");
    assert_eq!(of(&both, Some(fast.id), &["fast", "ssd"]).unwrap(), "size-2");
}
