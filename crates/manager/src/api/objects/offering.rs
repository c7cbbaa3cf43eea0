//! Service, disk and network offerings in answers.

use hostler_store::disk_offering::DiskOfferingRow;
use hostler_store::domain::DomainRow;
use hostler_store::network_offering::NetworkOfferingRow;
use hostler_store::service_offering::ServiceOfferingRow;
use serde_json::Value;

use super::network::SERVICE;
use super::{api_object, date};

api_object! {
    /// A size of VMs.
    SERVICE_OFFERING = "ServiceOfferingResponse", service_offering(row: &ServiceOfferingRow, admin: bool) {
        "id" string "its id" => row.id,
        "name" string "its name" => row.name,
        "displaytext" string "what it is, for buyers" => row.display_text,
        "cpunumber" integer "how many CPUs" => row.cpus,
        "cpuspeed" integer "how fast each CPU is, in MHz" => row.cpu_speed,
        "memory" integer "how much memory, in MiB" => row.memory,
        "created" date "since when it is for sale" => date(row.created),
        "storagetype" string "where volumes live: local or shared" => row.storage_type,
        "provisioningtype" string "how volumes grow, always thin" => "thin",
        "limitcpuuse" boolean "whether a VM gets no more than that even when CPUs are idle" => row.limit_cpu,
        "rootdisksize" long "size of the root volume in GiB; without it, the template's" =>
            row.root_size.map(hostler_model::Bytes::as_gib_rounded_up),
        "storagetags" string "tags that a storage pool must have" => text(&row.tags, admin),
        "hosttags" string "tags that a host must have" => text(&row.host_tags, admin),
        "offerha" boolean "whether VMs are restarted elsewhere, always false" => false,
        "isvolatile" boolean "whether a reboot resets the root volume, always false" => false,
        "issystem" boolean "whether it is for the cloud's own VMs, always false" => false,
        "defaultuse" boolean "whether the cloud's own VMs use it, always false" => false,
        "iscustomized" boolean "whether its size is chosen at deployment, always false" => false,
        "dynamicscalingenabled" boolean "whether running VMs can change their size, always false" => false,
        "state" string "Active" => "Active",
    }
}

fn text(tags: &str, admin: bool) -> Option<&str> {
    Some(tags).filter(|tags| admin && !tags.is_empty())
}

api_object! {
    /// A size of data volumes.
    DISK_OFFERING = "DiskOfferingResponse", disk_offering(view: &DiskOfferingView, admin: bool) {
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
        "disksizestrictness" boolean "whether volumes keep their size, always false" => false,
        "state" string "Active or Inactive" => view.row.state,
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
        "state" string "Enabled" => "Enabled",
        "availability" string "whether networks of it have to exist, always Optional" => "Optional",
        "specifyvlan" boolean "whether a VLAN has to be named, always false" => false,
        "specifyipranges" boolean "whether addresses have to be named" => true,
        "conservemode" boolean "whether an address can have several uses, always true" => true,
        "ispersistent" boolean "whether networks exist without VMs" => true,
        "egressdefaultpolicy" boolean "whether guests may talk to the outside" => true,
        "forvpc" boolean "whether it is for VPCs, always false" => false,
        "service" list(SERVICE) "what its networks do for guests" => services(&row.services),
    }
}

/// Services by their names, in answers.
pub(crate) fn services(names: &[String]) -> Value {
    names.iter().map(|name| super::network::service(name)).collect()
}
