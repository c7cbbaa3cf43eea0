//! Zones, pods and clusters in answers.

use hostler_store::capacity::CapacityRow;
use hostler_store::cluster::ClusterView;
use hostler_store::pod::PodView;
use hostler_store::zone::ZoneRow;

use super::capacity::{CAPACITY, at};
use super::tag::TAG;
use super::{api_object, no_items};

api_object! {
    /// A zone.
    ZONE = "zone", zone(row: &ZoneRow, admin: bool, capacities: Option<&[CapacityRow]>) {
        "id" string "its id" => row.id,
        "name" string "its name" => row.name,
        "dns1" string "the resolver that guests are given" => row.dns1,
        "dns2" string "the second resolver that guests are given" => row.dns2,
        "internaldns1" string "the resolver that hosts use" => admin.then_some(row.internal_dns1),
        "internaldns2" string "the second resolver that hosts use" => row.internal_dns2.filter(|_| admin),
        "domain" string "DNS domain of its guests" => row.network_domain,
        "guestcidraddress" string "where isolated networks get their subnets from" => row.guest_cidr,
        "networktype" string "Basic or Advanced" => row.network_type,
        "allocationstate" string "Enabled, or Disabled when it takes no new VMs" => row.allocation_state,
        "securitygroupsenabled" boolean "whether VMs have security groups" => row.security_groups,
        "localstorageenabled" boolean "whether volumes may live on hosts' own disks" => row.local_storage,
        "type" string "the kind of zone, always Core" => "Core",
        "capacity" list(CAPACITY) "how much there is, if it was asked for" => at(capacities, row.id.uuid()),
        "tags" set(TAG) "its tags, in lists" => no_items(),
    }
}

api_object! {
    /// A pod.
    POD = "PodResponse", pod(view: &PodView, capacities: Option<&[CapacityRow]>) {
        "id" string "its id" => view.row.id,
        "name" string "its name" => view.row.name,
        "zoneid" string "the zone that it is in" => view.row.zone,
        "zonename" string "that zone's name" => view.zone_name,
        "gateway" string "gateway of its management network" => view.row.gateway,
        "netmask" string "netmask of its management network" => view.row.netmask,
        "startip" list "first management address that may be given out" =>
            view.row.start_ip.into_iter().collect::<Vec<_>>(),
        "endip" list "last management address that may be given out" =>
            view.row.end_ip.into_iter().collect::<Vec<_>>(),
        "allocationstate" string "Enabled, or Disabled when it takes no new VMs" => view.row.allocation_state,
        "capacity" list(CAPACITY) "how much there is, if it was asked for" => at(capacities, view.row.id.uuid()),
    }
}

/// Who manages the hosts of clusters.
pub(crate) const CLUSTER_TYPE: &str = "CloudManaged";
/// Whether the hosts of clusters are managed.
pub(crate) const MANAGED_STATE: &str = "Managed";

api_object! {
    /// A cluster.
    CLUSTER = "ClusterResponse", cluster(view: &ClusterView, capacities: Option<&[CapacityRow]>) {
        "id" string "its id" => view.row.id,
        "name" string "its name" => view.row.name,
        "zoneid" string "the zone that it is in" => view.row.zone,
        "zonename" string "that zone's name" => view.zone_name,
        "podid" string "the pod that it is in" => view.row.pod,
        "podname" string "that pod's name" => view.pod_name,
        "hypervisortype" string "always KVM" => view.row.hypervisor,
        "clustertype" string "who manages its hosts, always CloudManaged" => CLUSTER_TYPE,
        "allocationstate" string "Enabled, or Disabled when it takes no new VMs" => view.row.allocation_state,
        "managedstate" string "whether its hosts are managed, always Managed" => MANAGED_STATE,
        "cpuovercommitratio" string "how often its hosts' CPUs are sold" => ratio(view.row.cpu_ratio),
        "memoryovercommitratio" string "how often its hosts' memory is sold" => ratio(view.row.memory_ratio),
        "capacity" list(CAPACITY) "how much there is, if it was asked for" => at(capacities, view.row.id.uuid()),
    }
}

fn ratio(ratio: f64) -> String {
    format!("{ratio:?}")
}
