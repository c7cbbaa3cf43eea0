//! What a libvirt domain becomes as a VM: its obstacles, its networks, its size. Pure.
//!
//! Not here: what the record says against it (`record`), and taking it over (`take`).

use std::collections::BTreeMap;
use std::net::IpAddr;

use hostler_model::{
    Bytes, MacAddress, Mhz, Mib, NetworkId, PowerReason, PowerState, ServiceOfferingId,
    StoragePoolId,
};
use hostler_store::network::NetworkRow;
use hostler_store::service_offering::ServiceOfferingRow;
use hostler_store::vm_change::OwnSize;
use hostler_wire::{DescribedDisk, DescribedNic, DomainDescription};

use crate::error::{ServiceError, ServiceErrorKind};
use crate::orchestration::vm::spec::split;

/// A disk, and the volume that it becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedVolume {
    /// Its name in the XML, for instance `vda`.
    pub target: String,
    /// Its file, which stays where it is.
    pub path: String,
    /// How large the guest sees it.
    pub size: Bytes,
    /// The pool whose room it takes.
    pub pool: StoragePoolId,
}

/// A network interface, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedNic {
    /// Its hardware address.
    pub mac: MacAddress,
    /// Its network.
    pub network: NetworkId,
    /// That network's name.
    pub network_name: String,
    /// Its address, if an administrator has said it.
    pub ip: Option<IpAddr>,
}

/// The size that a VM is sold as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedSize {
    /// The offering.
    pub offering: ServiceOfferingId,
    /// That offering's name.
    pub name: String,
    /// CPUs.
    pub cpus: u32,
    /// Speed of one.
    pub cpu_mhz: Mhz,
    /// Memory.
    pub memory: Mib,
    /// What the offering leaves open; nothing: it is fixed.
    pub own: Option<OwnSize>,
}

/// What a size depends on at the domain's host.
#[derive(Debug, Clone)]
pub(super) struct HostTerms<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// Speed of a CPU where an offering does not say it.
    pub(super) speed: Mhz,
    /// Its host tags, those of its aggregates too.
    pub(super) tags: Vec<String>,
}

impl HostTerms<'_> {
    /// A host tag that an offering asks for and the host does not have: a VM of that offering would never start here
    /// again, and its disks are here.
    fn lacks(&self, offering: &ServiceOfferingRow) -> Option<String> {
        split(&offering.host_tags).into_iter().find(|tag| !self.tags.contains(tag))
    }
}

/// What an administrator has chosen for network interfaces.
#[derive(Debug, Clone, Default)]
pub struct NicChoices {
    /// The network of all that nothing else is said about.
    pub network: Option<NetworkId>,
    /// Networks of single ones.
    pub networks: BTreeMap<MacAddress, NetworkId>,
    /// Addresses that guests have.
    pub addresses: BTreeMap<MacAddress, IpAddr>,
}

/// Refuses a domain that cannot be carried, and names everything that is against it.
pub(super) fn check(domain: &DomainDescription) -> Result<(), ServiceError> {
    let obstacles = obstacles(domain);
    if obstacles.is_empty() {
        return Ok(());
    }
    Err(ServiceError::new(
        ServiceErrorKind::Unsupported,
        format!(
            "libvirt domain {} cannot be adopted as it is: {}",
            domain.domain_name,
            obstacles.join("; ")
        ),
    ))
}

/// What a VM of this cloud cannot have, each in words that say what to do.
fn obstacles(domain: &DomainDescription) -> Vec<String> {
    let mut found = Vec::new();
    let mut say = |is_so: bool, what: &str| {
        if is_so {
            found.push(what.to_owned());
        }
    };
    say(domain.is_marked, "it carries the mark of a cloud");
    say(domain.power != PowerState::On, "it does not run (start it in libvirt)");
    say(domain.reason == PowerReason::Paused, "it is paused (resume it in libvirt)");
    say(!domain.persistent, "it is transient (virsh define keeps its definition)");
    let disks: Vec<_> = disks(domain).collect();
    say(disks.is_empty(), "it has no disk");
    found.extend(disks.iter().flat_map(|disk| disk_obstacles(disk, domain)));
    found.extend(domain.nics.iter().filter_map(nic_obstacle));
    found.extend(domain.others.iter().map(|other| format!("it has {other}")));
    found
}

/// Whether it is a drive and no disk: drives stay as they are, and are not the cloud's.
pub(super) fn is_drive(disk: &DescribedDisk) -> bool {
    matches!(disk.device.as_str(), "cdrom" | "floppy")
}

fn disks(domain: &DomainDescription) -> impl Iterator<Item = &DescribedDisk> {
    domain.disks.iter().filter(|disk| !is_drive(disk))
}

fn disk_obstacles(disk: &DescribedDisk, domain: &DomainDescription) -> Vec<String> {
    let DescribedDisk { target, source, .. } = disk;
    if disk.kind != "file" || disk.device != "disk" {
        let kind = &disk.kind;
        return vec![format!("disk {target} is {kind} {source}; only files can be volumes")];
    }
    let mut found = Vec::new();
    if disk.is_shared {
        found.push(format!("disk {target} is shared or only read"));
    }
    if disk.format != "qcow2" {
        let format = &disk.format;
        found.push(format!("disk {target} is {format}; only qcow2 can be a volume"));
    } else if disk.capacity.is_none() {
        found.push(format!("disk {target}: {source} cannot be read as qcow2"));
    }
    if disk.pool.is_none() {
        let pools: Vec<_> =
            domain.pools.iter().map(|(id, path)| format!("{path} ({id})")).collect();
        let pools = if pools.is_empty() { "none".to_owned() } else { pools.join(", ") };
        found.push(format!(
            "disk {target}: {source} is not on the file system of a storage pool of its host ({pools})"
        ));
    }
    found
}

fn nic_obstacle(nic: &DescribedNic) -> Option<String> {
    let DescribedNic { mac, kind, source, .. } = nic;
    if kind != "bridge" {
        return Some(format!(
            "network interface {mac} is plugged into {kind} {source}; only bridges can be networks"
        ));
    }
    let odd = mac.parse::<MacAddress>().is_err();
    odd.then(|| format!("network interface {mac:?} has no hardware address"))
}

/// The volumes, the root volume first: the disk that boots first, else the first one.
pub(super) fn volumes(domain: &DomainDescription) -> Vec<PlannedVolume> {
    let mut all: Vec<&DescribedDisk> = disks(domain).collect();
    all.sort_by_key(|disk| disk.boot.unwrap_or(u32::MAX)); // stable
    let planned = |disk: &&DescribedDisk| {
        Some(PlannedVolume {
            target: disk.target.clone(),
            path: disk.source.clone(),
            size: disk.capacity?,
            pool: disk.pool?,
        })
    };
    all.iter().filter_map(planned).collect()
}

/// The network of each interface: the chosen one, or the only one on its bridge.
///
/// # Errors
/// Names the interface, its bridge, and the networks that it could be.
pub(super) fn nics(
    domain: &DomainDescription,
    networks: &[NetworkRow],
    chosen: &NicChoices,
) -> Result<Vec<PlannedNic>, ServiceError> {
    let macs: Vec<MacAddress> = domain.nics.iter().filter_map(|n| n.mac.parse().ok()).collect();
    let named = chosen.networks.keys().chain(chosen.addresses.keys());
    if let Some(odd) = named.into_iter().find(|mac| !macs.contains(mac)) {
        let text = format!("libvirt domain {} has no network interface {odd}", domain.domain_name);
        return Err(ServiceError::parameter(text));
    }
    let mut planned = Vec::new();
    for (nic, mac) in domain.nics.iter().zip(macs) {
        let network = match chosen.networks.get(&mac).copied().or(chosen.network) {
            Some(wanted) => {
                networks.iter().find(|network| network.id == wanted).ok_or_else(|| {
                    ServiceError::parameter(format!("network {wanted} is not in the host's zone"))
                })?
            }
            None => on_bridge(domain, nic, networks)?,
        };
        planned.push(PlannedNic {
            mac,
            network: network.id,
            network_name: network.name.clone(),
            ip: chosen.addresses.get(&mac).copied(),
        });
    }
    Ok(planned)
}

fn on_bridge<'a>(
    domain: &DomainDescription,
    nic: &DescribedNic,
    networks: &'a [NetworkRow],
) -> Result<&'a NetworkRow, ServiceError> {
    let is_on = |network: &&NetworkRow| {
        let bridge = network.bridge.as_ref().or(domain.guest_bridge.as_ref());
        bridge.is_some_and(|bridge| *bridge == nic.source)
    };
    let found: Vec<_> = networks.iter().filter(is_on).collect();
    let (mac, bridge) = (&nic.mac, &nic.source);
    match &found[..] {
        [one] => Ok(*one),
        [] => Err(ServiceError::parameter(format!(
            "network interface {mac} is on bridge {bridge}, and no network of the zone is; create one with that bridge, \
             or choose one (parameter networkid)"
        ))),
        several => {
            let names: Vec<_> = several.iter().map(|network| network.name.as_str()).collect();
            Err(ServiceError::parameter(format!(
                "network interface {mac} is on bridge {bridge}, as the networks {} are; choose one (parameter networkid)",
                names.join(", ")
            )))
        }
    }
}

/// The size: of the offering that is named, or of the only one that has just so much; else of the only one that leaves
/// its size open. One that asks for a tag that the host does not have is none of them.
///
/// # Errors
/// Names the size and the offerings that it could be.
pub(super) fn size(
    domain: &DomainDescription,
    offerings: &[ServiceOfferingRow],
    named: Option<ServiceOfferingId>,
    host: &HostTerms<'_>,
) -> Result<PlannedSize, ServiceError> {
    let speed = host.speed;
    let has = format!("{} CPUs and {}", domain.vcpus, domain.memory);
    if let Some(id) = named {
        let offering = offerings.iter().find(|offering| offering.id == id).ok_or_else(|| {
            ServiceError::parameter(format!(
                "parameter serviceofferingid: there is no such thing as {id} in the host's zone"
            ))
        })?;
        if let Some(tag) = host.lacks(offering) {
            return Err(ServiceError::parameter(format!(
                "parameter serviceofferingid: {} is for hosts with the tag {tag}, which {} does not have, and the VM could \
                 not be started there again; tag the host, or choose another offering",
                offering.name, host.name
            )));
        }
        return sold_as(domain, offering, speed).ok_or_else(|| {
            let (name, cpus, memory) = (&offering.name, offering.cpus, offering.memory);
            let is = if offering.is_custom() {
                "takes another size".to_owned()
            } else {
                format!("is {cpus} CPUs and {memory}")
            };
            ServiceError::parameter(format!(
                "parameter serviceofferingid: {name} {is}; libvirt domain {} has {has}",
                domain.domain_name
            ))
        });
    }
    let is_for = |offering: &&ServiceOfferingRow| {
        !offering.terms.is_inactive && host.lacks(offering).is_none()
    };
    let all = || offerings.iter().filter(is_for);
    for is_custom in [false, true] {
        let fits = all().filter(|offering| offering.is_custom() == is_custom);
        let fits: Vec<_> = fits.filter_map(|offering| sold_as(domain, offering, speed)).collect();
        match &fits[..] {
            [] => {}
            [one] => return Ok(one.clone()),
            several => {
                let names: Vec<_> = several.iter().map(|size| size.name.as_str()).collect();
                return Err(ServiceError::parameter(format!(
                    "{has} are sold as {}; choose one (parameter serviceofferingid)",
                    names.join(", ")
                )));
            }
        }
    }
    Err(ServiceError::parameter(format!(
        "libvirt domain {} has {has}, and no service offering for hosts with the tags of {} is of that size or leaves it \
         open; create one",
        domain.domain_name, host.name
    )))
}

/// The size of a domain as an offering sells it; nothing if it does not.
fn sold_as(
    domain: &DomainDescription,
    offering: &ServiceOfferingRow,
    speed: Mhz,
) -> Option<PlannedSize> {
    let (least, most) = offering.terms.cpu_bounds;
    let cpus_fit = match offering.cpus {
        0 => (least.unwrap_or(1)..=most.unwrap_or(u32::MAX)).contains(&domain.vcpus),
        cpus => cpus == domain.vcpus,
    };
    let (least, most) = offering.terms.memory_bounds;
    let memory_fits = match offering.memory {
        Mib(0) => {
            (least.unwrap_or(Mib(1))..=most.unwrap_or(Mib(u64::MAX))).contains(&domain.memory)
        }
        memory => memory == domain.memory,
    };
    let cpu_mhz = if offering.cpu_speed.0 > 0 { offering.cpu_speed } else { speed };
    let (cpus, memory) = (domain.vcpus, domain.memory);
    let is_open = offering.is_custom() || offering.cpu_speed.0 == 0;
    (cpus_fit && memory_fits).then(|| PlannedSize {
        offering: offering.id,
        name: offering.name.clone(),
        cpus,
        cpu_mhz,
        memory,
        own: is_open.then_some(OwnSize { cpus, cpu_mhz, memory }),
    })
}

#[cfg(test)]
mod tests;
