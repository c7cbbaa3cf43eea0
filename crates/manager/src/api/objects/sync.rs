//! Aliens, the reason trail and differences in answers.

use hostler_store::alien::{AlienDevice, AlienView};
use hostler_store::history::HistoryRow;
use serde_json::{Value, json};

use super::{api_object, date};
use crate::orchestration::drift::Drift;
use crate::orchestration::vm::{AdoptionPlan, PlannedNic, PlannedVolume};

api_object! {
    /// A disk or a network interface of an alien.
    ALIEN_DEVICE = "AlienDeviceResponse", device(of: &AlienDevice) {
        "name" string "name of the disk, or MAC address" => of.name,
        "source" string "the file, device, volume, bridge or network behind it" => of.source,
    }
}

api_object! {
    /// A libvirt domain that is not this cloud's.
    ALIEN = "AlienResponse", alien(view: &AlienView) {
        "uuid" string "its UUID in libvirt" => view.alien.uuid,
        "name" string "its name in libvirt" => view.alien.name,
        "power" string "on, off or unknown" => view.alien.power.to_string(),
        "cpunumber" integer "its CPUs" => view.alien.vcpus,
        "memory" long "its memory, in MiB" => view.alien.memory.0,
        "disks" list(ALIEN_DEVICE) "its disks" => view.alien.disks.iter().map(device).collect::<Vec<_>>(),
        "nics" list(ALIEN_DEVICE) "its network interfaces" => view.alien.nics.iter().map(device).collect::<Vec<_>>(),
        "hostid" string "the host that has it" => view.host,
        "hostname" string "that host's name" => view.host_name,
        "hoststate" string "that host's connection" => view.host_status,
        "clusterid" string "that host's cluster" => view.cluster.as_ref().map(|cluster| cluster.0),
        "clustername" string "that cluster's name" => view.cluster.as_ref().map(|cluster| &cluster.1),
        "zoneid" string "that host's zone" => view.zone,
        "firstseen" date "when it was seen first" => date(view.first_seen),
        "lastseen" date "when it was seen last" => date(view.last_seen),
    }
}

/// What an alien would be as a VM, for a dry run. Fields are named as those of the VM that it would be.
pub(crate) fn adoption(plan: &AdoptionPlan) -> Value {
    json!({
        "uuid": plan.domain.uuid,
        "instancename": plan.domain.domain_name,
        "machine": plan.domain.machine,
        "autostart": plan.domain.autostart,
        "hostid": plan.host,
        "hostname": plan.host_name,
        "name": plan.name.as_str(),
        "displayname": plan.display_name,
        "serviceofferingid": plan.size.offering,
        "serviceofferingname": plan.size.name,
        "cpunumber": plan.size.cpus,
        "cpuspeed": plan.size.cpu_mhz.0,
        "memory": plan.size.memory.0,
        "volume": plan.volumes.iter().map(planned_volume).collect::<Vec<_>>(),
        "nic": plan.nics.iter().map(planned_nic).collect::<Vec<_>>(),
        "drive": plan.drives(),
    })
}

fn planned_volume(of: &PlannedVolume) -> Value {
    json!({ "name": of.target, "path": of.path, "size": of.size.0, "storageid": of.pool })
}

fn planned_nic(of: &PlannedNic) -> Value {
    json!({
        "macaddress": of.mac.to_string(),
        "networkid": of.network,
        "networkname": of.network_name,
        "ipaddress": of.ip,
    })
}

api_object! {
    /// A change of state.
    HISTORY = "HistoryResponse", history(row: &HistoryRow) {
        "created" date "when" => date(row.at),
        "resourcetype" string "VirtualMachine, Run or Host" => row.kind,
        "resourceid" string "which one" => row.subject,
        "what" string "what of it: state, power, host, status or adminstate" => row.what,
        "before" string "what it was; without it, the thing was made" => row.before,
        "after" string "what it is from then on" => row.after,
        "cause" string "who or what brought it about" => row.cause.text,
        "userid" string "the user who asked for it" => row.cause.user,
        "username" string "that user's name" => row.user_name,
        "jobid" string "the job that did it" => row.cause.job,
        "hostid" string "the host of a run" => row.host.as_ref().map(|host| host.0),
        "hostname" string "that host's name" => row.host.as_ref().map(|host| &host.1),
    }
}

api_object! {
    /// A VM as it is meant to be and as it was seen.
    DRIFT = "DriftResponse", drift(one: &Drift) {
        "virtualmachineid" string "the VM" => one.vm(),
        "name" string "its name on its host" => one.name(),
        "state" string "its state by the record" => one.state().map(hostler_model::VmState::as_str),
        "intended" string "how it is meant to be, on or off; without it, the record does not have it" => one.intended,
        "seen" string "how it was seen: on, off, missing or unknown" => one.seen,
        "lastseen" date "when its host spoke of it last" => one.last_seen().map(date),
        "saidby" string "who said so" => one.said_by(),
        "hostid" string "the host that it was seen on" => one.host(),
        "hostname" string "that host's name" => one.host_name(),
        "difference" string "what is different" => one.difference,
        "repair" string "what fixDrift would do" => one.repair.proposal(),
        "jobid" string "the job that repairs it" => None::<String>,
    }
}
