//! VMs and their NICs in answers.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hostler_model::VmState;
use hostler_store::nic_view::NicView;
use hostler_store::vm_view::VmView;
use serde_json::{Value, json};

use super::group::{VM_AFFINITY_GROUP, VM_SECURITY_GROUP, vm_affinity_group, vm_security_group};
use super::tag::{TAG, tags};
use super::{api_object, api_shape, date, job_id, job_status, no_items};

api_object! {
    /// A network interface of a VM.
    NIC = "nic", nic(view: &NicView) {
        "id" string "its id" => view.id,
        "virtualmachineid" string "its VM" => view.vm,
        "deviceid" string "its place among the VM's interfaces, from 0" => view.device.to_string(),
        "networkid" string "the network that it is on" => view.network,
        "networkname" string "that network's name" => view.network_name,
        "ipaddress" string "its address" => view.ip,
        "netmask" string "the subnet's netmask" => view.cidr.netmask(),
        "gateway" string "the subnet's router" => view.gateway,
        "macaddress" string "its hardware address" => view.mac.to_string(),
        "traffictype" string "whose traffic it carries" => view.traffic_type,
        "type" string "the kind of network" => view.guest_type,
        "isdefault" boolean "whether the default route goes through it" => view.is_default,
        "mtu" integer "largest packet, in bytes" => view.mtu,
        "secondaryip" list "addresses beside its own, each with its id" => view.secondary.iter()
            .map(|(id, ip)| serde_json::json!({ "id": id, "ipaddress": ip })).collect::<Value>(),
        "extradhcpoption" list "more DHCP options, none yet" => no_items(),
    }
}

/// What only some readers get to see of a VM.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sight {
    /// Hosts and instance names.
    pub(crate) admin: bool,
    /// The user data.
    pub(crate) user_data: bool,
    /// The guest's password, as long as nobody was told.
    pub(crate) password: bool,
}

/// A VM's state as clients know it: to them Expunging is the last one.
const fn shown(state: VmState) -> VmState {
    match state {
        VmState::Expunged => VmState::Expunging,
        other => other,
    }
}

api_object! {
    /// A VM.
    VM = "UserVmResponse", vm(view: &VmView, sight: Sight) {
        "id" string "its id" => view.id,
        "name" string "the guest's host name" => view.name,
        "displayname" string "the name for people" => view.display_name,
        "instancename" string "the name of its libvirt domain" => sight.admin.then_some(&view.instance_name),
        "account" string "whose it is" => view.account_name,
        "domainid" string "the owner's domain" => view.domain,
        "domain" string "that domain's name" => view.domain_name,
        "domainpath" string "that domain's path" => view.domain_path,
        "userid" string "who deployed it" => view.user,
        "username" string "that user's name" => view.user_name,
        "created" date "when it was deployed" => date(view.created),
        "lastupdated" date "when it changed last" => date(view.changed),
        "state" string "Stopped, Starting, Running, Stopping, Destroyed, Expunging or Error" => shown(view.state),
        "haenable" boolean "whether it is to be restarted elsewhere when its host is gone" => view.ha,
        "group" string "the name that its user groups it under" => view.group,
        "groupid" string "the instance group of that name" => view.group_id,
        "zoneid" string "the zone that it is in" => view.zone,
        "zonename" string "that zone's name" => view.zone_name,
        "hostid" string "the host that it runs on" => view.host.filter(|_| sight.admin),
        "hostname" string "that host's name" => view.host_name.as_ref().filter(|_| sight.admin),
        "hostcontrolstate" string "Enabled, or Offline when its host is not connected" =>
            view.host_status.as_ref().map(|status| if status == "Up" { "Enabled" } else { "Offline" }),
        "templateid" string "what its root volume was made from" => view.template,
        "templatename" string "that template's name" => view.template_name,
        "templatedisplaytext" string "what that template is, for people" => view.template_text,
        "templateformat" string "that template's format" => view.template_format,
        "templatetype" string "the kind of template" => "USER",
        "osdisplayname" string "Linux, Windows, WindowsLegacy or Other" => view.os,
        "arch" string "machine architecture" => view.arch,
        "isoid" string "the ISO in its drive" => view.iso.as_ref().map(|iso| iso.0),
        "isoname" string "that ISO's name" => view.iso.as_ref().map(|iso| &iso.1),
        "isodisplaytext" string "what that ISO is, for people" => view.iso.as_ref().map(|iso| &iso.2),
        "serviceofferingid" string "its size" => view.offering,
        "serviceofferingname" string "that offering's name" => view.offering_name,
        "cpunumber" integer "how many CPUs it has" => view.cpus,
        "cpuspeed" integer "how fast each CPU is, in MHz" => view.cpu_speed,
        "memory" integer "how much memory it has, in MiB" => view.memory,
        "hypervisor" string "always KVM" => "KVM",
        "vmtype" string "the kind of VM, always User" => "User",
        "rootdeviceid" long "place of its root volume, always 0" => view.root_volume.map(|_| 0),
        "rootdevicetype" string "where its root volume is, always ROOT" => view.root_volume.map(|_| "ROOT"),
        "ipaddress" string "the address of its default NIC" => address(view),
        "passwordenabled" boolean "whether its guest takes a password" => view.password_enabled,
        "password" string "the guest's password, once, in the answer of the job that has drawn it" =>
            view.password.as_ref().filter(|_| sight.password).map(|password| &password.0),
        "displayvm" boolean "whether its user sees it" => view.display,
        "isdynamicallyscalable" boolean "whether its size may change while it runs" => view.dynamically_scalable,
        "deleteprotection" boolean "whether it refuses to be destroyed" => view.delete_protection,
        "keypairs" string "names of the SSH keys that it was given" =>
            Some(view.keypairs.join(",")).filter(|names| !names.is_empty()),
        "userdata" string "its user data, base64" => view.user_data.as_ref()
            .filter(|_| sight.user_data).map(|text| STANDARD.encode(text)),
        "userdataid" string "the registered user data that it was made with" => view.user_data_id,
        "userdataname" string "that user data's name" => view.user_data_name,
        "userdatadetails" string "the values that came with it" =>
            Some(&view.user_data_details).filter(|values| !values.is_empty()).map(|values| json!(values).to_string()),
        "details" map "choices that few need" => details(view),
        "nic" set(NIC) "its network interfaces" => view.nics.iter().map(nic).collect::<Value>(),
        "securitygroup" set(VM_SECURITY_GROUP) "its security groups" =>
            view.security_groups.iter().map(vm_security_group).collect::<Value>(),
        "affinitygroup" set(VM_AFFINITY_GROUP) "its affinity groups" =>
            view.affinity_groups.iter().map(vm_affinity_group).collect::<Value>(),
        "tags" set(TAG) "its tags" => tags(&view.tags),
        "jobid" string "the job that works on it" => job_id(view.job),
        "jobstatus" integer "state of that job" => job_status(view.job),
    }
}

fn address(view: &VmView) -> Option<std::net::Ipv4Addr> {
    view.nics.iter().find(|nic| nic.is_default).and_then(|nic| nic.ip)
}

fn details(view: &VmView) -> BTreeMap<String, String> {
    let mut details = view.details.clone();
    if let Some(keyboard) = &view.keyboard {
        details.insert("keyboard".to_owned(), keyboard.clone());
    }
    if view.has_own_size {
        details.insert("cpuNumber".to_owned(), view.cpus.to_string());
        details.insert("cpuSpeed".to_owned(), view.cpu_speed.0.to_string());
        details.insert("memory".to_owned(), view.memory.0.to_string());
    }
    details
}

api_object! {
    /// What a VM wrote to its serial console.
    CONSOLE_LOG = "ConsoleLogResponse", console_log(vm: hostler_model::VmId, text: &str) {
        "virtualmachineid" string "the VM" => vm,
        "text" string "the end of what it wrote" => text,
    }
}

api_object! {
    /// What a VM's guest was told to do at its first boot.
    USER_DATA = "VMUserDataResponse", user_data(vm: hostler_model::VmId, text: Option<&str>) {
        "virtualmachineid" string "the VM" => vm,
        "userdata" string "its user data, base64" => text.map(|text| STANDARD.encode(text)),
    }
}

api_shape! {
    /// An address that a NIC has beside its own.
    SECONDARY_IP = "NicSecondaryIpResponse" {
        "id" string "its id",
        "nicid" string "the NIC",
        "networkid" string "the NIC's network",
        "ipaddress" string "the address",
        "virtualmachineid" string "the NIC's VM",
    }
}
