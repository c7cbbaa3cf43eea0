//! Service, disk and network offerings in answers.

use hostler_store::disk_offering::DiskOfferingRow;
use hostler_store::domain::DomainRow;
use hostler_store::network_offering::NetworkOfferingRow;
use hostler_store::service_offering::ServiceOfferingRow;
use serde_json::Value;

use super::network::SERVICE;
use super::{api_object, date};
use crate::api::commands::offering::network_services::provider;

api_object! {
    /// A size of VMs.
    SERVICE_OFFERING = "ServiceOfferingResponse", service_offering(row: &ServiceOfferingRow, admin: bool) {
        "id" string "its id" => row.id,
        "name" string "its name" => row.name,
        "displaytext" string "what it is, for buyers" => row.display_text,
        "cpunumber" integer "how many CPUs, unless that is chosen" => Some(row.cpus).filter(|cpus| *cpus > 0),
        "cpuspeed" integer "how fast each CPU is, in MHz, unless that is chosen" =>
            Some(row.cpu_speed).filter(|speed| speed.0 > 0),
        "memory" integer "how much memory, in MiB, unless that is chosen" =>
            Some(row.memory).filter(|memory| memory.0 > 0),
        "created" date "since when it is for sale" => date(row.created),
        "storagetype" string "where volumes live: local or shared" => row.storage_type,
        "provisioningtype" string "how volumes grow, always thin" => "thin",
        "limitcpuuse" boolean "whether a VM gets no more than that even when CPUs are idle" => row.limit_cpu,
        "rootdisksize" long "size of the root volume in GiB; without it, the template's" =>
            row.root_size.map(hostler_model::Bytes::as_gib_rounded_up),
        "storagetags" string "tags that a storage pool must have" => text(&row.tags, admin),
        "hosttags" string "tags that a host must have" => text(&row.host_tags, admin),
        "offerha" boolean "whether VMs are to be restarted elsewhere; recorded, not acted on yet" => row.terms.ha,
        "isvolatile" boolean "whether a reboot resets the root volume, always false" => false,
        "issystem" boolean "whether it is for the cloud's own VMs, always false" => false,
        "defaultuse" boolean "whether the cloud's own VMs use it, always false" => false,
        "iscustomized" boolean "whether its size is chosen at deployment" => row.is_custom(),
        "iscustomizediops" boolean "whether its volumes' speed is chosen, always false" => false,
        "encryptroot" boolean "whether root volumes are encrypted, always false" => false,
        "diskofferingstrictness" boolean "whether its volumes keep their offering, always false" => false,
        "diskBytesReadRate" long "bytes that may be read in a second, at most" => row.terms.disks.read_bytes.per_second,
        "diskBytesReadRateMax" long "the same for a while after a pause" => row.terms.disks.read_bytes.burst,
        "diskBytesReadRateMaxLength" long "how long that while may be, in seconds" => row.terms.disks.read_bytes.burst_seconds,
        "diskBytesWriteRate" long "bytes that may be written in a second, at most" => row.terms.disks.write_bytes.per_second,
        "diskBytesWriteRateMax" long "the same for a while after a pause" => row.terms.disks.write_bytes.burst,
        "diskBytesWriteRateMaxLength" long "how long that while may be, in seconds" => row.terms.disks.write_bytes.burst_seconds,
        "diskIopsReadRate" long "reading operations in a second, at most" => row.terms.disks.read_operations.per_second,
        "diskIopsReadRateMax" long "the same for a while after a pause" => row.terms.disks.read_operations.burst,
        "diskIopsReadRateMaxLength" long "how long that while may be, in seconds" => row.terms.disks.read_operations.burst_seconds,
        "diskIopsWriteRate" long "writing operations in a second, at most" => row.terms.disks.write_operations.per_second,
        "diskIopsWriteRateMax" long "the same for a while after a pause" => row.terms.disks.write_operations.burst,
        "diskIopsWriteRateMaxLength" long "how long that while may be, in seconds" => row.terms.disks.write_operations.burst_seconds,
        "cacheMode" string "what hosts do with what is written" => row.terms.disks.cache.word(),
        "purgeresources" boolean "whether rows of expunged VMs are removed, always false" => false,
        "serviceofferingdetails" map "its bounds, and choices that few need" => details(row),
        "domainid" string "the domains that it is for, separated by commas; without it: all" =>
            joined(&row.terms.domains, |(id, _)| id.to_string()),
        "domain" string "their paths" => joined(&row.terms.domains, |(_, path)| path.clone()),
        "zoneid" string "the zones that it is for, separated by commas; without it: all" =>
            joined(&row.terms.zones, |(id, _)| id.to_string()),
        "zone" string "their names" => joined(&row.terms.zones, |(_, name)| name.clone()),
        "dynamicscalingenabled" boolean "whether running VMs can change their size, always false" => false,
        "state" string "Active, or Inactive: no new VMs are made of it" =>
            if row.terms.is_inactive { "Inactive" } else { "Active" },
    }
}

/// The bounds by the names of the parameters that set them, and the rest as it was given.
fn details(row: &ServiceOfferingRow) -> Value {
    let ((least_cpus, most_cpus), (least, most)) = (row.terms.cpu_bounds, row.terms.memory_bounds);
    let mut all = row.terms.details.clone();
    for (name, bound) in [
        ("mincpunumber", least_cpus.map(u64::from)),
        ("maxcpunumber", most_cpus.map(u64::from)),
        ("minmemory", least.map(|memory| memory.0)),
        ("maxmemory", most.map(|memory| memory.0)),
    ] {
        all.extend(bound.map(|bound| (name.to_owned(), bound.to_string())));
    }
    serde_json::json!(Some(all).filter(|all| !all.is_empty()))
}

/// Values separated by commas, or nothing.
fn joined<T>(all: &[T], text: impl Fn(&T) -> String) -> Option<String> {
    (!all.is_empty()).then(|| all.iter().map(text).collect::<Vec<_>>().join(","))
}

fn text(tags: &str, admin: bool) -> Option<&str> {
    Some(tags).filter(|tags| admin && !tags.is_empty())
}

api_object! {
    /// A size of data volumes.
    DISK_OFFERING = "DiskOfferingResponse", disk_offering(view: &DiskOfferingView, admin: bool, suits: Option<bool>) {
        "id" string "its id" => view.row.id,
        "name" string "its name" => view.row.name,
        "displaytext" string "what it is, for buyers" => view.row.display_text,
        "disksize" long "how large its volumes are, in GiB; 0 if that is chosen for each" =>
            view.row.size.map_or(0, hostler_model::Bytes::as_gib_rounded_up),
        "iscustomized" boolean "whether the size is chosen for each volume" => view.row.size.is_none(),
        "iscustomizediops" boolean "whether operations per second are chosen, always false" => false,
        "provisioningtype" string "how volumes grow, always thin" => "thin",
        "storagetype" string "where volumes live: local or shared" => view.row.storage_type,
        "tags" string "tags that a storage pool must have" => text(&view.row.tags, admin),
        "domainid" string "the domains that may use it; none: all" => view.domain_ids(),
        "domain" string "those domains' names" => view.domain_names(),
        "displayoffering" boolean "whether portals show it" => view.row.is_shown,
        "encrypt" boolean "whether volumes are encrypted, always false" => false,
        "diskBytesReadRate" long "bytes that may be read in a second, at most" => view.row.terms.read_bytes.per_second,
        "diskBytesReadRateMax" long "the same for a while after a pause" => view.row.terms.read_bytes.burst,
        "diskBytesReadRateMaxLength" long "how long that while may be, in seconds" => view.row.terms.read_bytes.burst_seconds,
        "diskBytesWriteRate" long "bytes that may be written in a second, at most" => view.row.terms.write_bytes.per_second,
        "diskBytesWriteRateMax" long "the same for a while after a pause" => view.row.terms.write_bytes.burst,
        "diskBytesWriteRateMaxLength" long "how long that while may be, in seconds" => view.row.terms.write_bytes.burst_seconds,
        "diskIopsReadRate" long "reading operations in a second, at most" => view.row.terms.read_operations.per_second,
        "diskIopsReadRateMax" long "the same for a while after a pause" => view.row.terms.read_operations.burst,
        "diskIopsReadRateMaxLength" long "how long that while may be, in seconds" => view.row.terms.read_operations.burst_seconds,
        "diskIopsWriteRate" long "writing operations in a second, at most" => view.row.terms.write_operations.per_second,
        "diskIopsWriteRateMax" long "the same for a while after a pause" => view.row.terms.write_operations.burst,
        "diskIopsWriteRateMaxLength" long "how long that while may be, in seconds" => view.row.terms.write_operations.burst_seconds,
        "cacheMode" string "what hosts do with what is written" => view.row.terms.cache.word(),
        "disksizestrictness" boolean "whether volumes keep their size, always false" => false,
        "state" string "Active or Inactive" => view.row.state,
        "suitableforvirtualmachine" boolean "whether the VM that a list names could have a volume of it" => suits,
        "created" date "since when it is for sale" => date(view.row.created),
    }
}
/// A disk offering with the names of its domains.
pub(crate) struct DiskOfferingView {
    /// The offering.
    pub(crate) row: DiskOfferingRow,
    /// Those who may use it; none: all.
    pub(crate) domains: Vec<DomainRow>,
}

impl DiskOfferingView {
    fn domain_ids(&self) -> Option<String> {
        self.joined(|domain| domain.id.to_string())
    }

    fn domain_names(&self) -> Option<String> {
        self.joined(|domain| domain.name.clone())
    }

    fn joined(&self, of: impl Fn(&DomainRow) -> String) -> Option<String> {
        let all: Vec<String> = self.domains.iter().map(of).collect();
        (!all.is_empty()).then(|| all.join(","))
    }
}

api_object! {
    /// A kind of network.
    NETWORK_OFFERING = "NetworkOfferingResponse", network_offering(row: &NetworkOfferingRow) {
        "id" string "its id" => row.id,
        "name" string "its name" => row.name,
        "displaytext" string "what it is, for people" => row.display_text,
        "traffictype" string "whose traffic it carries, always Guest" => "Guest",
        "guestiptype" string "Shared: everybody's VMs are on one network" => row.guest_type,
        "isdefault" boolean "whether it came with the product" => row.is_default,
        "state" string "Enabled, or Disabled: no new networks are made of it" =>
            if row.terms.is_disabled { "Disabled" } else { "Enabled" },
        "availability" string "whether networks of it have to exist" => row.terms.availability,
        "specifyvlan" boolean "whether a VLAN has to be named" => row.terms.specify_vlan,
        "specifyipranges" boolean "whether addresses have to be named" => row.terms.specify_ranges,
        "conservemode" boolean "whether an address can have several uses" => row.terms.conserve,
        "ispersistent" boolean "whether networks exist without VMs" => row.terms.persistent,
        "egressdefaultpolicy" boolean "whether guests may talk to the outside" => row.terms.egress,
        "forvpc" boolean "whether it is for VPCs, always false" => false,
        "supportsstrechedl2subnet" boolean "whether its networks span zones, always false" => false,
        "supportspublicaccess" boolean "whether its networks are reached from outside by themselves, always false" => false,
        "internetprotocol" string "always IPv4" => "IPv4",
        "tags" string "tags of the physical network" => Some(&row.terms.tags).filter(|tags| !tags.is_empty()),
        "details" map "choices that few need" => Some(&row.terms.details).filter(|all| !all.is_empty()),
        "created" date "since when there has been one" => date(row.terms.created),
        "domainid" string "the domains that it is for, separated by commas; without it: all" =>
            joined(&row.terms.domains, |(id, _)| id.to_string()),
        "domain" string "their paths" => joined(&row.terms.domains, |(_, path)| path.clone()),
        "zoneid" string "the zones that it is for, separated by commas; without it: all" =>
            joined(&row.terms.zones, |(id, _)| id.to_string()),
        "zone" string "their names" => joined(&row.terms.zones, |(_, name)| name.clone()),
        "service" list(SERVICE) "what its networks do for guests" => offered_services(row),
    }
}

fn offered_services(row: &NetworkOfferingRow) -> Value {
    let shown = row.services.iter().map(|name| {
        let given = row.terms.capabilities.iter().filter(|(service, ..)| service == name);
        let more: Vec<_> = given.map(|(_, name, value)| (name.as_str(), value.as_str())).collect();
        let provider = row.terms.providers.get(name).map_or_else(|| provider(name), String::as_str);
        super::network::service(name, Some(provider), &more)
    });
    shown.collect()
}

/// Services by their names, in answers.
pub(crate) fn services(names: &[String]) -> Value {
    names.iter().map(|name| super::network::service(name, Some(provider(name)), &[])).collect()
}
