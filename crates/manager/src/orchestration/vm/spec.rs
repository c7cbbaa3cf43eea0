//! From the record to what a host is told. Pure.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use super::{start, user_data};
use hostler_model::{
    Bytes, DedicatedKind, Generation, HostId, Mib, NetworkId, RunId, StoragePoolId, VolumeState,
};
use hostler_scheduler::{Arch, Demand, HostView, Mate, Owner, PoolView, Tenant};
use hostler_store::blueprint::{Blueprint, BlueprintIso, MateRow};
use hostler_store::claim::{HostCapacity, KeptFor};
use hostler_store::nic::NicRow;
use hostler_store::vm::VmRow;
use hostler_store::volume::VolumeRow;
use hostler_wire::{
    DiskFormat, DiskSpec, Firmware, GuestNetwork, GuestOs, IsoSpec, KEPT_DEFINITION, NicSpec,
    PrepareNicCommand, Secret, SeedSpec, TemplateSource, VmSpec, VncSpec,
};

/// Addresses under which the chosen host serves the VM's networks.
pub(super) type ServerAddresses = BTreeMap<NetworkId, IpAddr>;

/// The addresses under which a host serves the VM's networks, as far as it has any.
pub(super) fn servers(blueprint: &Blueprint, host: HostId) -> ServerAddresses {
    let of_host = blueprint.served.iter().filter(|(_, of, _)| *of == host);
    of_host.map(|(network, _, ip)| (*network, *ip)).collect()
}

/// A host as the scheduler sees it, taken for not Up: only who knows the connections can say that.
pub(crate) fn host_view(row: &HostCapacity) -> HostView {
    HostView {
        id: row.host,
        name: row.name.clone(),
        status: row.status.clone(),
        cluster: row.cluster.0,
        pod: row.pod,
        is_up: false,
        closed: row.closed.clone(),
        arch: Arch::new(&row.arch),
        tags: split(&row.tags),
        kept_for: row.kept_for.iter().map(tenant).collect(),
        availability_zones: row.availability_zones.clone(),
        cpus: row.cpus,
        cpu_mhz: row.cpu_mhz,
        cpu_claimed: row.cpu_claimed,
        cpu_ratio: row.ratios.0,
        memory: row.memory,
        memory_claimed: row.memory_claimed,
        memory_ratio: row.ratios.1,
        runs: row.runs,
        pool: row.pool.as_ref().map(|pool| PoolView {
            id: pool.id,
            is_enabled: pool.is_enabled,
            tags: split(&pool.tags),
            capacity: pool.capacity,
            used: pool.used,
            promised: pool.promised,
        }),
    }
}

fn tenant(kept: &KeptFor) -> Tenant {
    let KeptFor { kind, domain, account } = kept;
    let place = match kind {
        DedicatedKind::Host => "it".to_owned(),
        of => format!("its {}", of.word()),
    };
    let what = match account {
        Some((_, name)) => format!("{place} is dedicated to the account {name} of {domain}"),
        None => format!("{place} is dedicated to the domain {domain}"),
    };
    Tenant { domain: domain.clone(), account: account.as_ref().map(|(id, _)| *id), what }
}

/// What the VM wants of its host.
pub(super) fn demand(
    blueprint: &Blueprint,
    tried: Vec<(HostId, String)>,
    wanted: &start::Input,
) -> Demand {
    let unwritten = blueprint.volumes.iter().filter(|v| v.pool.is_none()).map(|v| v.size.0).sum();
    Demand {
        cpus: u64::from(blueprint.cpus),
        cpu_mhz: blueprint.cpu_mhz,
        memory: blueprint.memory,
        disk: Bytes(unwritten),
        disk_on: blueprint.volumes.iter().find_map(|volume| volume.pool),
        arch: Arch::new(&blueprint.template.arch),
        tags: split(&blueprint.host_tags),
        owner: Some(Owner { account: blueprint.vm.account, domain: blueprint.domain_path.clone() }),
        availability_zone: blueprint.availability_zone.clone(),
        pool_tags: unwritten_tags(blueprint),
        wanted: wanted.host.or(blueprint.vm.wanted_host),
        wanted_cluster: wanted.cluster,
        wanted_pod: wanted.pod,
        tried,
        mates: blueprint.mates.iter().map(mate).collect(),
        siblings: Vec::new(),
    }
}

/// Tags that the pool must have for volumes that are not written yet.
fn unwritten_tags(blueprint: &Blueprint) -> Vec<String> {
    let unwritten = blueprint.volumes.iter().filter(|volume| volume.pool.is_none());
    let wanted = |volume: &VolumeRow| {
        let by_size = volume.is_root && volume.offering.is_none();
        split(if by_size { &blueprint.pool_tags } else { &volume.tags })
    };
    let mut tags: Vec<String> = unwritten.flat_map(wanted).collect();
    tags.sort();
    tags.dedup();
    tags
}

fn mate(row: &MateRow) -> Mate {
    let MateRow { group, kind, vm, host } = row.clone();
    Mate { group, kind, vm, host }
}

/// The entries of a list with commas between them.
pub(crate) fn split(tags: &str) -> Vec<String> {
    tags.split(',').map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned).collect()
}

/// A network as its host needs to know it.
pub(super) fn guest_network(nic: &NicRow, server_address: IpAddr) -> GuestNetwork {
    GuestNetwork {
        id: nic.network,
        bridge: nic.bridge.clone(),
        cidr: nic.cidr,
        gateway: nic.gateway,
        server_address,
        dns: nic.dns.clone(),
        domain: nic.domain.clone(),
        mtu: nic.mtu,
    }
}

/// A NIC as its host needs to know it.
pub(super) fn nic_spec(nic: &NicRow, servers: &ServerAddresses) -> NicSpec {
    let unserved = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let server = servers.get(&nic.network).copied().unwrap_or(unserved);
    NicSpec {
        nic: nic.id,
        device: nic.device,
        mac: nic.mac,
        address: nic.ip,
        is_default: nic.is_default,
        network: guest_network(nic, server),
    }
}

/// What has a host serve a NIC of the VM.
pub(super) fn prepare_nic(
    blueprint: &Blueprint,
    nic: &NicRow,
    servers: &ServerAddresses,
) -> PrepareNicCommand {
    PrepareNicCommand {
        vm: blueprint.vm.id,
        host_name: blueprint.vm.host_name.clone(),
        nic: nic_spec(nic, servers),
    }
}

/// Where a host gets the VM's template; nothing if no image worker has it.
pub(super) fn template_source(blueprint: &Blueprint) -> Option<TemplateSource> {
    let (worker, address) = blueprint.template.worker.clone()?;
    Some(TemplateSource {
        worker,
        address,
        size: blueprint.template.size,
        virtual_size: blueprint.template.virtual_size,
        format: disk_format(&blueprint.template.format),
        sha256: blueprint.template.sha256.clone(),
    })
}

/// Where a host gets the ISO in the VM's drive; nothing if no image worker has it.
pub(crate) fn iso_source(iso: &BlueprintIso) -> Option<TemplateSource> {
    let (worker, address) = iso.guid.zip(iso.address.clone())?;
    Some(TemplateSource {
        worker,
        address,
        size: iso.size,
        virtual_size: iso.virtual_size,
        format: DiskFormat::Iso,
        sha256: iso.sha256.clone(),
    })
}

/// An ISO as it is put into a drive.
pub(crate) const fn iso_spec(iso: &BlueprintIso, pool: StoragePoolId) -> IsoSpec {
    IsoSpec { template: iso.id, pool, bootable: iso.bootable }
}

/// The format that the record names.
pub(crate) fn disk_format(name: &str) -> DiskFormat {
    match name.to_ascii_uppercase().as_str() {
        "RAW" => DiskFormat::Raw,
        "ISO" => DiskFormat::Iso,
        _ => DiskFormat::Qcow2,
    }
}

/// Everything a host needs to know to run the VM.
pub(super) fn vm_spec(
    blueprint: &Blueprint,
    run: RunId,
    generation: Generation,
    pool: StoragePoolId,
    servers: &ServerAddresses,
) -> VmSpec {
    let vm = &blueprint.vm;
    let mut metadata = vm.user_data_details.clone();
    metadata.extend([
        ("availability-zone".to_owned(), blueprint.zone_name.clone()),
        ("service-offering".to_owned(), blueprint.offering_name.clone()),
        ("instance-name".to_owned(), vm.instance_name.to_string()),
    ]);
    if vm.seed_number > 0 {
        let instance = format!("{}-{}", vm.id, vm.seed_number);
        metadata.insert("instance-id".to_owned(), instance);
    }
    let disks = blueprint.volumes.iter().filter(|v| v.state == VolumeState::Ready);
    VmSpec {
        vm: vm.id,
        run,
        generation,
        name: vm.instance_name.clone(),
        display_name: vm.display_name.clone(),
        host_name: vm.host_name.clone(),
        vcpus: blueprint.cpus,
        cpu_speed: blueprint.cpu_mhz,
        cpu_limited: blueprint.limit_cpu,
        memory: blueprint.memory,
        memory_guaranteed: Mib(blueprint.memory.0),
        arch: blueprint.template.arch.clone(),
        os: guest_os(&blueprint.template.os),
        firmware: Firmware::Bios,
        disks: disks
            .map(|volume| DiskSpec {
                volume: volume.id,
                pool: volume.pool.unwrap_or(pool),
                format: DiskFormat::Qcow2,
                device: volume.device,
                terms: volume.terms,
            })
            .collect(),
        nics: blueprint.nics.iter().map(|nic| nic_spec(nic, servers)).collect(),
        seed: SeedSpec {
            ssh_keys: vm.ssh_keys.iter().map(|key| key.public_key.clone()).collect(),
            user_data: user_data::for_guest(vm).map(Secret::new),
            metadata,
        },
        vnc: VncSpec {
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            password: Secret::new(vm.vnc_password.clone()),
            keyboard: vm.keyboard.clone(),
        },
        details: details(vm),
        iso: blueprint.iso.as_ref().map(|iso| iso_spec(iso, pool)),
    }
}

/// Choices that few need, and whether the VM keeps the definition that it came with.
fn details(vm: &VmRow) -> BTreeMap<String, String> {
    let mut details = vm.details.clone();
    if vm.adopted.is_some() {
        details.insert(KEPT_DEFINITION.0.to_owned(), KEPT_DEFINITION.1.to_owned());
    }
    details
}

/// What a template's guest is, as its host needs to know it.
pub(super) fn guest_os(name: &str) -> GuestOs {
    match name {
        "Linux" => GuestOs::Linux,
        "Windows" => GuestOs::Windows,
        "WindowsLegacy" => GuestOs::WindowsLegacy,
        _ => GuestOs::Other,
    }
}
