//! Hosts in answers.

use hostler_model::HostStatus;
use hostler_store::host_view::HostView;
use serde_json::{Value, json};

use super::{api_object, date};

api_object! {
    /// A host.
    HOST = "HostResponse", host(view: &HostView) {
        "id" string "its id" => view.id,
        "name" string "its name" => view.name,
        "type" host "Routing: runs VMs; SecondaryStorage: an image worker" => view.kind,
        "state" status "Up, Connecting, Disconnected, Alert or Down" => view.status,
        "resourcestate" string "Enabled, Disabled when it takes no new VMs, PrepareForMaintenance while it waits for the last VM to leave, or Maintenance" =>
            view.admin_state,
        "zoneid" string "the zone that it is in" => view.zone,
        "zonename" string "that zone's name" => view.zone_name,
        "podid" string "the pod that it is in" => view.pod,
        "podname" string "that pod's name" => view.pod_name,
        "clusterid" string "the cluster that it is in" => view.cluster,
        "clustername" string "that cluster's name" => view.cluster_name,
        "clustertype" string "who manages the cluster's hosts, always CloudManaged" =>
            view.cluster.map(|_| "CloudManaged"),
        "ipaddress" string "the address that managers and other hosts use" => view.address,
        "version" string "the agent's version" => view.agent_version,
        "arch" string "machine architecture" => view.arch,
        "hypervisor" string "KVM, on hosts that run VMs" => runs_vms(view).then_some("KVM"),
        "hypervisorversion" string "versions of QEMU and libvirt" => view.hypervisor_version,
        "capabilities" string "what it can do" => view.capabilities,
        "cpunumber" integer "logical CPUs" => view.cpus,
        "cpusockets" integer "CPU sockets" => view.cpu_sockets,
        "cpuspeed" long "speed of one CPU, in MHz" => view.cpu_speed,
        "cpuallocatedvalue" long "MHz that VMs have claimed" => view.cpu_claimed,
        "cpuallocated" string "share of the CPUs that VMs have claimed" => cpu_share(view),
        "cpuallocatedpercentage" string "share of the CPUs that VMs have claimed" => cpu_share(view),
        "cpuallocatedwithoverprovisioning" string "share of the MHz for sale that VMs have claimed" => cpu_share(view),
        "cpuwithoverprovisioning" string "MHz for sale, after overcommit" =>
            format!("{:.1}", cpu_total(view) * view.cpu_ratio),
        "cpuused" string "share of all CPU time lately" =>
            stat(view, "cpu_used_permille").map(|n| format!("{:.1}%", n / 10.0)),
        "cpuloadaverage" double "load average of one minute" => stat(view, "load_centi").map(|n| n / 100.0),
        "memorytotal" long "all memory, in bytes" => view.memory.as_bytes(),
        "memoryallocated" long "memory that VMs have claimed, in bytes" => view.memory_claimed.as_bytes(),
        "memoryallocatedbytes" long "memory that VMs have claimed, in bytes" => view.memory_claimed.as_bytes(),
        "memoryallocatedpercentage" string "share of the memory that VMs have claimed" =>
            share(as_number(view.memory_claimed.0), as_number(view.memory.0)),
        "memorywithoverprovisioning" string "bytes for sale, after overcommit" =>
            format!("{:.0}", as_number(view.memory.as_bytes().0) * view.memory_ratio),
        "memoryused" long "memory in use, in bytes" => view.stats.get("memory_used")
            .and_then(Value::as_u64).map(|mib| hostler_model::Mib(mib).as_bytes()),
        "disksizetotal" long "size of its storage pools, in bytes" => view.disk_total,
        "disksizeallocated" long "given to volumes on its pools, in bytes" => view.disk_allocated,
        "hosttags" string "its tags" => Some(&view.tags).filter(|tags| !tags.is_empty()),
        "explicithosttags" string "its tags" => Some(&view.tags).filter(|tags| !tags.is_empty()),
        "istagarule" boolean "whether its tags are a rule, always false" => false,
        "hasenoughcapacity" boolean "whether there is CPU and memory left to claim" => has_room(view),
        "encryptionsupported" boolean "whether volumes can be encrypted, always false" => false,
        "islocalstorageactive" boolean "whether volumes may live on its own disks" => view.disk_total > 0,
        "hahost" boolean "whether it is kept for VMs of hosts that died, always false" => false,
        "details" map "facts by name; status.reason says why it is in its state, maintenance.waits.for which VMs are in the way" => details(view),
        "created" date "since when it has been in the cloud" => date(view.created),
        "lastpinged" date "when it was heard last" => view.last_ping.map(date),
        "disconnected" date "since when it is not connected" => (!matches!(view.status,
            HostStatus::Up | HostStatus::Connecting)).then(|| date(view.status_changed)),
        "managementserverid" string "the manager that holds its connection" =>
            view.manager.map(|number| number.to_string()),
    }
}

fn runs_vms(view: &HostView) -> bool {
    view.kind == "Routing"
}

#[allow(clippy::cast_precision_loss)] // for reading only
fn as_number(amount: u64) -> f64 {
    amount as f64
}

fn cpu_total(view: &HostView) -> f64 {
    f64::from(view.cpus) * as_number(view.cpu_speed.0)
}

fn cpu_share(view: &HostView) -> String {
    share(as_number(view.cpu_claimed.0), cpu_total(view))
}

fn share(part: f64, whole: f64) -> String {
    if whole > 0.0 { format!("{:.2}%", part * 100.0 / whole) } else { "0.00%".to_owned() }
}

fn has_room(view: &HostView) -> bool {
    let memory = view.memory.0.saturating_sub(view.reserved.0);
    runs_vms(view)
        && view.cpu_claimed.0 < u64::from(view.cpus) * view.cpu_speed.0
        && view.memory_claimed.0 < memory
}

fn stat(view: &HostView, name: &str) -> Option<f64> {
    view.stats.get(name).and_then(Value::as_f64)
}

fn details(view: &HostView) -> Value {
    let mut details = json!(view.details);
    details["guid"] = view.guid.as_str().into();
    if !view.leaving.is_empty() {
        details["maintenance.waits.for"] = view.leaving.join(", ").into();
    }
    if !view.status_reason.is_empty() {
        details["status.reason"] = view.status_reason.as_str().into();
    }
    details
}
