//! Golden XML of many shapes of VM, each held against libvirt's own schema.

use super::*;
use hostler_model::{DiskCache, DiskTerms, Generation, MacAddress, Throttle};
use hostler_wire::{DiskFormat, DiskSpec, GuestNetwork, IsoSpec, Secret, SeedSpec, VncSpec};
use std::collections::BTreeMap;
use std::io::Write;
use std::process::Command;
use uuid::Uuid;

/// A small Linux VM with one disk and one NIC; its ids end in `number`.
pub(crate) fn linux(number: u128) -> VmSpec {
    let id = |kind: u128| Uuid::from_u128((kind << 120) + 0xabc_def0_1234_5678_0000 + number);
    VmSpec {
        vm: id(1).to_string().parse().unwrap(),
        run: id(2).to_string().parse().unwrap(),
        generation: Generation(3),
        name: format!("i-2-{number}-VM").parse().unwrap(),
        display_name: "Web <1> & \"Söhne\"".to_owned(),
        host_name: "web-1".parse().unwrap(),
        vcpus: 2,
        cpu_speed: Mhz(1000),
        cpu_limited: false,
        memory: Mib(512),
        memory_guaranteed: Mib(512),
        arch: "x86_64".to_owned(),
        os: GuestOs::Linux,
        firmware: Firmware::Bios,
        disks: vec![disk(id(3), 0)],
        nics: vec![nic(id(4), 0)],
        seed: SeedSpec::default(),
        vnc: VncSpec {
            listen: "127.0.0.1".parse().unwrap(),
            password: Secret::new("geheim-und-lang"),
            keyboard: None,
        },
        details: BTreeMap::new(),
        iso: None,
    }
}

fn disk(volume: Uuid, device: u32) -> DiskSpec {
    DiskSpec {
        volume: volume.to_string().parse().unwrap(),
        pool: Uuid::from_u128(77).to_string().parse().unwrap(),
        format: DiskFormat::Qcow2,
        device,
        terms: DiskTerms::default(),
    }
}

fn iso(bootable: bool) -> IsoSpec {
    let (template, pool) = (Uuid::from_u128(99), Uuid::from_u128(77));
    IsoSpec {
        template: template.to_string().parse().unwrap(),
        pool: pool.to_string().parse().unwrap(),
        bootable,
    }
}

fn nic(id: Uuid, device: u32) -> NicSpec {
    NicSpec {
        nic: id.to_string().parse().unwrap(),
        device,
        mac: MacAddress::of_nic(1, device + 5),
        address: Some("10.1.1.5".parse().unwrap()),
        is_default: device == 0,
        network: GuestNetwork {
            id: Uuid::from_u128(88).to_string().parse().unwrap(),
            bridge: None,
            cidr: "10.1.1.0/24".parse().unwrap(),
            gateway: Some("10.1.1.1".parse().unwrap()),
            server_address: "10.1.1.2".parse().unwrap(),
            dns: vec![],
            domain: "cloud.internal".to_owned(),
            mtu: 1500,
        },
    }
}

fn host(spec: &VmSpec, domain_type: DomainType) -> HostSide {
    HostSide {
        cloud: Uuid::from_u128(1).to_string().parse().unwrap(),
        domain_type,
        cpu_speed: Mhz(2500),
        disks: spec
            .disks
            .iter()
            .map(|d| format!("/pool/volumes/{}.qcow2", d.volume).into())
            .collect(),
        seed: format!("/pool/seeds/{}.iso", spec.vm).into(),
        iso: spec.iso.map(|iso| format!("/pool/templates/{}.raw", iso.template).into()),
        console_log: format!("/var/log/hostler/{}.log", spec.vm).into(),
        bridges: spec.nics.iter().map(|_| "br0".to_owned()).collect(),
    }
}

fn with(change: impl FnOnce(&mut VmSpec)) -> VmSpec {
    let mut spec = linux(1);
    change(&mut spec);
    spec
}

fn detail(spec: &mut VmSpec, name: &str, value: &str) {
    spec.details.insert(name.to_owned(), value.to_owned());
}

/// Every shape of VM that has a golden file.
fn shapes() -> Vec<(&'static str, DomainType, VmSpec)> {
    use DomainType::{Kvm, Qemu};
    let more_disks = with(|vm| {
        vm.disks.push(disk(Uuid::from_u128(0xd2 << 100), 2));
        vm.disks
            .push(DiskSpec { format: DiskFormat::Raw, ..disk(Uuid::from_u128(0xd1 << 100), 1) });
    });
    let limited = with(|vm| {
        vm.cpu_limited = true;
        vm.memory_guaranteed = Mib(256);
        let rate = |per_second| Throttle { per_second: Some(per_second), ..Throttle::default() };
        vm.disks[0].terms = DiskTerms {
            read_bytes: Throttle {
                burst: Some(20 << 20),
                burst_seconds: Some(60),
                ..rate(10 << 20)
            },
            write_bytes: Throttle { burst: Some(9 << 20), ..rate(5 << 20) },
            read_operations: rate(400),
            write_operations: rate(200),
            cache: DiskCache::Writethrough,
        };
    });
    let two_nics = with(|vm| {
        let mut second = nic(Uuid::from_u128(0xfeed_beef), 1);
        second.network.mtu = 1450;
        vm.nics.insert(0, second);
    });
    vec![
        ("linux-tcg", Qemu, linux(1)),
        ("linux-kvm", Kvm, linux(1)),
        ("linux-uefi", Kvm, with(|vm| vm.firmware = Firmware::Uefi)),
        ("windows-kvm", Kvm, with(|vm| vm.os = GuestOs::Windows)),
        ("windows-tcg", Qemu, with(|vm| vm.os = GuestOs::Windows)),
        ("windows-legacy", Kvm, with(|vm| vm.os = GuestOs::WindowsLegacy)),
        (
            "windows-legacy-pc",
            Qemu,
            with(|vm| {
                vm.os = GuestOs::WindowsLegacy;
                detail(vm, "machine", "pc");
            }),
        ),
        ("other", Qemu, with(|vm| vm.os = GuestOs::Other)),
        ("data-disks", Qemu, more_disks),
        ("limits", Kvm, limited),
        ("two-nics", Qemu, two_nics),
        (
            "details",
            Qemu,
            with(|vm| {
                detail(vm, "rootDiskController", "scsi");
                detail(vm, "nicAdapter", "E1000");
                detail(vm, "machine", "q35");
                detail(vm, "video.hardware", "virtio");
                vm.vnc.keyboard = Some("de".to_owned());
                vm.vnc.listen = "::1".parse().unwrap();
            }),
        ),
        (
            "many-queues",
            Kvm,
            with(|vm| {
                detail(vm, "iothreads", "true");
                detail(vm, "io.policy", "native");
                detail(vm, "nic.multiqueue.number", "-1");
                detail(vm, "nic.packed.virtqueues.enabled", "true");
                let mut cached = disk(Uuid::from_u128(0xd1 << 100), 1);
                cached.terms.cache = DiskCache::Writeback;
                vm.disks.push(cached);
            }),
        ),
        ("no-nic", Qemu, with(|vm| vm.nics.clear())),
        ("installer", Qemu, with(|vm| vm.iso = Some(iso(true)))),
        (
            "windows-drivers",
            Kvm,
            with(|vm| {
                vm.os = GuestOs::Windows;
                vm.iso = Some(iso(false));
            }),
        ),
    ]
}

#[test]
fn the_xml_of_every_shape_is_the_golden_one() {
    for (name, domain_type, spec) in shapes() {
        let xml = domain_xml(&spec, &host(&spec, domain_type)).unwrap();
        insta::with_settings!({ snapshot_path => "golden", prepend_module_to_snapshot => false, omit_expression => true },
            { insta::assert_snapshot!(name, xml) });
    }
}

#[test]
fn libvirts_schema_takes_the_xml_of_every_shape() {
    if Command::new("xmllint").arg("--version").output().is_err() {
        println!("SKIPPED: xmllint (libxml2-utils) is not installed");
        return;
    }
    for (name, domain_type, spec) in shapes() {
        let xml = domain_xml(&spec, &host(&spec, domain_type)).unwrap();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(xml.as_bytes()).unwrap();
        let checked =
            Command::new("virt-xml-validate").arg(file.path()).arg("domain").output().unwrap();
        assert!(checked.status.success(), "{name}: {}", String::from_utf8_lossy(&checked.stderr));
    }
}

#[test]
fn a_windows_clock_runs_in_local_time_and_every_other_in_utc() {
    let offset = |os| clock(os, DomainType::Kvm).offset;
    assert_eq!(offset(GuestOs::Windows), "localtime");
    assert_eq!(offset(GuestOs::WindowsLegacy), "localtime");
    assert_eq!(offset(GuestOs::Linux), "utc");
    assert_eq!(offset(GuestOs::Other), "utc");
}

#[test]
fn a_display_name_that_xml_cannot_hold_loses_only_what_it_must() {
    let spec = with(|vm| vm.display_name = "a\u{1}\n<b>\u{ffff}".to_owned());
    let xml = domain_xml(&spec, &host(&spec, DomainType::Qemu)).unwrap();
    assert!(xml.contains("<title>a&lt;b&gt;</title>"), "{xml}");
}

#[test]
fn a_detail_that_is_not_known_is_an_error_that_names_it() {
    for (name, value) in [
        ("rootDiskController", "floppy"),
        ("nicAdapter", "x"),
        ("machine", "q35'"),
        ("io.policy", "x"),
        ("iothreads", "2"),
        ("nic.multiqueue.number", "0"),
    ] {
        let spec = with(|vm| detail(vm, name, value));
        let error = domain_xml(&spec, &host(&spec, DomainType::Qemu)).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains(value), "{error}");
    }
}

#[test]
fn an_iso_that_boots_comes_before_the_root_disk_and_another_is_not_booted() {
    let orders = |bootable| {
        let spec = with(|vm| vm.iso = Some(iso(bootable)));
        let xml = domain_xml(&spec, &host(&spec, DomainType::Qemu)).unwrap();
        let order =
            |disk: &str| disk.split("<boot order=\"").nth(1).map(|rest| rest[..1].to_owned());
        let found =
            xml.split("<disk ").skip(1).map(|disk| order(disk.split("</disk>").next().unwrap()));
        found.collect::<Vec<_>>()
    };
    let text = |order: &str| Some(order.to_owned());
    assert_eq!(orders(true), [text("2"), None, text("1")], "root, seed, ISO");
    assert_eq!(orders(false), [text("1"), None, None]);
}

#[test]
fn only_eight_characters_of_a_vnc_password_are_given_to_libvirt() {
    let spec = linux(1);
    let xml = domain_xml(&spec, &host(&spec, DomainType::Qemu)).unwrap();
    assert!(xml.contains("passwd=\"geheim-u\""), "{xml}");
}

#[test]
fn the_name_of_a_tap_is_ours_and_short_enough_for_linux() {
    let name = tap_name(linux(1).nics[0].nic);
    assert!(name.starts_with("hv") && name.len() <= 15, "{name}");
}

#[test]
fn shares_stay_inside_what_cgroups_of_either_version_take() {
    for (vcpus, speed) in [(1, 1), (1, 500), (64, 3000), (255, 100_000)] {
        let spec = with(|vm| (vm.vcpus, vm.cpu_speed) = (vcpus, Mhz(speed)));
        let shares = cpu_tune(&spec, &host(&spec, DomainType::Kvm)).shares;
        assert!((2..=10_000).contains(&shares), "{shares}");
    }
}
