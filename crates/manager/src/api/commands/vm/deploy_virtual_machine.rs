//! `deployVirtualMachine`: records a VM and has it started.
//!
//! What the service checks and records is in `orchestration::vm::deploy`; this reads what callers can say.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use hostler_model::{
    AccountId, AffinityGroupId, Bytes, ClusterId, DiskOfferingId, DomainId, HostId, MacAddress,
    NetworkId, PodId, SecurityGroupId, ServiceOfferingId, TemplateId, UserDataId, VmId, ZoneId,
};
use hostler_query_api::{Answer, Records, Roles, api_command};
use hostler_store::deploy_groups::NamedGroups;
use hostler_store::reference::Entity;
use hostler_store::vm::GuestPassword;

use super::hints::{self, Hinted};
use super::{rehearsed, user_data};
use crate::api::call::{Call, Handler};
use crate::api::commands::diskoffering::size_of;
use crate::api::failure::Failure;
use crate::api::objects::vm::VM;
use crate::orchestration::Caller;
use crate::orchestration::vm::{DeployRequest, NicWish, Placing, deploy, rehearse_deploy};
use crate::orchestration::volume::{NewVolume, Size};

/// Layouts of a console's keyboard that clients know.
const KEYBOARDS: &[&str] = &[
    "de", "de-ch", "es", "fi", "fr", "fr-be", "fr-ch", "is", "it", "jp", "nl-be", "no", "pt", "uk",
    "us",
];

/// How QEMU may do the work of disks (attribute `io` of libvirt's `<driver>`).
const IO_POLICIES: &[&str] = &["native", "threads", "io_uring"];

api_command! {
    /// Makes a VM from a template and starts it; or from a bootable ISO, which it boots from, with an empty root volume.
    pub(crate) struct DeployVirtualMachine = "deployVirtualMachine", asynchronous_create
        .object("virtualmachine").shape(&VM).in_projects();

    /// The zone that it is to be in.
    zoneid: required uuid<ZoneId> .entity("zone"),
    /// Its size.
    serviceofferingid: required uuid<ServiceOfferingId> .entity("serviceoffering"),
    /// What its root volume is made from: a template; or an ISO, which then is in its drive.
    templateid: required uuid<TemplateId> .entity("template"),
    /// Its networks, the default one first; the zone's default network without it.
    networkids: optional list<NetworkId> .entity("network"),
    /// Its networks with addresses, as iptonetworklist[0].networkid, .ip and .mac; in place of networkids.
    iptonetworklist: optional records,
    /// Its address on its default network; the next free one without it.
    ipaddress: optional choice<Ipv4Addr>,
    /// IPv6 addresses cannot be had: guest networks have IPv4 only.
    ip6address: optional string,
    /// Its hardware address on its default network; one that is drawn without it.
    macaddress: optional choice<MacAddress>,
    /// The guest's host name: letters, digits and hyphens, a letter first.
    name: optional string,
    /// The name for people; the host name without it.
    displayname: optional string,
    /// A name to group VMs under.
    group: optional string,
    /// KVM.
    hypervisor: optional string,
    /// What the guest does at its first boot, base64; at most 4096 characters by GET.
    userdata: optional string .max(1_048_576),
    /// Registered user data, in place of userdata.
    userdataid: optional uuid<UserDataId> .entity("userdata"),
    /// Values that registered user data wants, as userdatadetails[0].name=value; the guest finds them in its metadata.
    userdatadetails: optional map .max(1024),
    /// Name of an SSH key that may log in.
    keypair: optional string,
    /// Names of SSH keys that may log in.
    keypairs: optional list<String>,
    /// Layout of its console's keyboard.
    keyboard: optional string,
    /// The host that it is to run on.
    hostid: optional uuid<HostId> .entity("host").roles(Roles::ADMIN),
    /// The cluster that it is to run in.
    clusterid: optional uuid<ClusterId> .entity("cluster").roles(Roles::ADMIN),
    /// The pod that it is to run in.
    podid: optional uuid<PodId> .entity("pod").roles(Roles::ADMIN),
    /// The availability zone that it is to run in, always; any without it.
    availabilityzone: optional string,
    /// Where it is to run beside VMs that are there: hints[0].same_host and different_host take ids of VMs, group the name or
    /// id of an affinity group, each separated by commas.
    hints: optional map .max(1024),
    /// Its security groups, where the zone has them; without any, its account's default one. Hosts do not enforce their rules yet.
    securitygroupids: optional list<SecurityGroupId> .entity("securitygroup"),
    /// Names of its security groups, in place of or beside their ids.
    securitygroupnames: optional list<String> .entity("securitygroup"),
    /// Its affinity groups: they say which VMs run on the same host, or on different ones.
    affinitygroupids: optional list<AffinityGroupId> .entity("affinitygroup"),
    /// Names of its affinity groups, in place of or beside their ids.
    affinitygroupnames: optional list<String> .entity("affinitygroup"),
    /// Size of its root volume in GiB; the offering's or the template's without it.
    rootdisksize: optional long,
    /// What a data volume that it gets is sold as; from an ISO: what its root volume is sold as, which it then needs.
    diskofferingid: optional uuid<DiskOfferingId> .entity("diskoffering"),
    /// Size of that volume in GiB, where the disk offering leaves it open.
    size: optional long,
    /// Choices that few need; with a custom offering its size: cpuNumber, cpuSpeed, memory.
    details: optional map .max(1024),
    /// How QEMU does the work of its disks: native, threads or io_uring; libvirt's choice without it.
    iodriverpolicy: optional string,
    /// Whether its disks have a thread of QEMU to themselves.
    iothreadsenabled: optional boolean,
    /// How many queues each of its NICs has, from 1 to 256; -1: as many as it has CPUs.
    nicmultiqueuenumber: optional integer,
    /// Whether its NICs' queues are packed, which newer guests' drivers know.
    nicpackedvirtqueuesenabled: optional boolean,
    /// BIOS, which is the default; UEFI cannot be had yet.
    boottype: optional string,
    /// Legacy, which goes with BIOS.
    bootmode: optional string,
    /// Text for the host's description of the VM is not taken from callers.
    extraconfig: optional string .max(1_048_576),
    /// The password of a guest whose template takes one; drawn, and told in the job's answer, without it.
    password: optional string,
    /// Whether to say only what would be done, and do nothing.
    dryrun: optional boolean,
    /// Whether its user sees it; true by default. Only administrators may hide one.
    displayvm: optional boolean .roles(Roles::ADMIN),
    /// Whether its size may change while it runs; recorded, and a change needs a stop for now.
    dynamicscalingenabled: optional boolean,
    /// Whether to start it; true by default.
    startvm: optional boolean,
    /// The account that it is made for.
    account: optional string,
    /// The domain of that account.
    domainid: optional uuid<DomainId> .entity("domain"),
    /// The id that it is to have; one that is drawn without it.
    customid: optional uuid<VmId> .roles(Roles::ADMIN),
}

impl Handler for DeployVirtualMachine {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        self.check(call)?;
        let (networks, wishes) = self.networks(call)?;
        let mut named = vec![
            ("zoneid", Entity::Zone, self.zoneid.uuid()),
            ("serviceofferingid", Entity::ServiceOffering, self.serviceofferingid.uuid()),
            ("templateid", Entity::Template, self.templateid.uuid()),
        ];
        let param = if self.networkids.is_some() { "networkids" } else { "iptonetworklist" };
        named.extend(networks.iter().map(|id| (param, Entity::Network, id.uuid())));
        named.extend(
            self.diskofferingid.map(|id| ("diskofferingid", Entity::DiskOffering, id.uuid())),
        );
        named.extend(self.hostid.map(|id| ("hostid", Entity::Host, id.uuid())));
        named.extend(self.clusterid.map(|id| ("clusterid", Entity::Cluster, id.uuid())));
        named.extend(self.podid.map(|id| ("podid", Entity::Pod, id.uuid())));
        let hinted = match &self.hints {
            Some(given) => hints::read(call, given)?,
            None => Hinted::default(),
        };
        named.extend(hinted.vms().map(|id| ("hints", Entity::Vm, id.uuid())));
        call.require(named).await?;
        let owner = call.owner(self.account.clone(), self.domainid).await?;
        let caller = Caller { account: owner, ..call.caller().clone() };
        let root_size = self.root_size(call)?;
        let details = self.all_details(call)?;
        let data = self.data_volume(call, owner)?;
        let user_data = user_data::sent(call, self.userdata)?;
        let mut key_pairs = self.keypairs.unwrap_or_default();
        key_pairs.extend(self.keypair);
        key_pairs.dedup();
        let mut affinity_ids = self.affinitygroupids.unwrap_or_default();
        affinity_ids.extend(hinted.group_ids);
        let mut affinity_names = self.affinitygroupnames.unwrap_or_default();
        affinity_names.extend(hinted.group_names);
        let request = DeployRequest {
            id: self.customid,
            zone: self.zoneid,
            offering: self.serviceofferingid,
            template: self.templateid,
            name: self.name,
            display_name: self.displayname,
            networks,
            ip: self.ipaddress.map(IpAddr::V4),
            wishes,
            mac: self.macaddress,
            placing: Placing { host: self.hostid, cluster: self.clusterid, pod: self.podid },
            availability_zone: self.availabilityzone,
            hints: hinted.hints,
            password: self.password.map(GuestPassword),
            key_pairs,
            user_data,
            groups: NamedGroups {
                security_ids: self.securitygroupids.unwrap_or_default(),
                security_names: self.securitygroupnames.unwrap_or_default(),
                affinity_ids,
                affinity_names,
                user_data: self.userdataid,
            },
            user_data_details: self.userdatadetails.unwrap_or_default(),
            root_size,
            data,
            group: self.group,
            keyboard: self.keyboard,
            details,
            display: self.displayvm.unwrap_or(true),
            dynamically_scalable: self.dynamicscalingenabled.unwrap_or(false),
            start: self.startvm.unwrap_or(true),
        };
        if self.dryrun == Some(true) {
            let seen = rehearse_deploy(call.context, &caller, request).await?;
            return Ok(rehearsed(call, seen));
        }
        let (vm, job): (VmId, _) = deploy(call.context, &caller, request).await?;
        Ok(Answer::job(call.command, Some(vm.uuid()), job.uuid()))
    }
}

impl DeployVirtualMachine {
    fn check(&self, call: Call<'_>) -> Result<(), Failure> {
        if let Some(other) = self.hypervisor.as_ref().filter(|h| !h.eq_ignore_ascii_case("KVM")) {
            return Err(call.wrong("hypervisor", other, "KVM"));
        }
        self.refuse_what_is_not_there_yet()?;
        if let Some(odd) = self.keyboard.as_ref().filter(|k| !KEYBOARDS.contains(&k.as_str())) {
            let expected = format!("one of {}", KEYBOARDS.join(", "));
            return Err(call.wrong("keyboard", odd, &expected));
        }
        if self.networkids.is_some() && self.iptonetworklist.is_some() {
            return Err(Failure::invalid(
                "networkids can't be given along with iptonetworklist; give one of them",
            ));
        }
        Ok(())
    }

    /// Better no VM than one without what was asked for.
    fn refuse_what_is_not_there_yet(&self) -> Result<(), Failure> {
        let six = "guest networks have IPv4 addresses only; leave it out";
        let extra = "a host's description of a VM is the cloud's alone; leave it out";
        let is_odd = |text: &Option<String>, usual: &str| {
            text.as_ref().is_some_and(|text| !text.eq_ignore_ascii_case(usual))
        };
        let given = [
            ("ip6address", self.ip6address.is_some(), six),
            ("extraconfig", self.extraconfig.is_some(), extra),
            ("boottype", is_odd(&self.boottype, "BIOS"), "VMs begin with BIOS; leave it out"),
            ("bootmode", is_odd(&self.bootmode, "Legacy"), "BIOS has Legacy only; leave it out"),
        ];
        match given.iter().find(|(_, given, _)| *given) {
            Some((param, _, why)) => Err(Failure::invalid(format!("{param}: {why}"))),
            None => Ok(()),
        }
    }

    /// The details that are given as such, and those that have parameters of their own.
    fn all_details(&self, call: Call<'_>) -> Result<BTreeMap<String, String>, Failure> {
        let mut details = self.details.clone().unwrap_or_default();
        let mut note = |name: &str, value: String| details.insert(name.to_owned(), value);
        if let Some(policy) = &self.iodriverpolicy {
            if !IO_POLICIES.contains(&policy.as_str()) {
                let expected = format!("one of {}", IO_POLICIES.join(", "));
                return Err(call.wrong("iodriverpolicy", policy, &expected));
            }
            note("io.policy", policy.clone());
        }
        match self.nicmultiqueuenumber {
            None => {}
            Some(number @ (-1 | 1..=256)) => {
                note("nic.multiqueue.number", number.to_string());
            }
            Some(odd) => {
                let expected = "a number from 1 to 256, or -1";
                return Err(call.wrong("nicmultiqueuenumber", &odd.to_string(), expected));
            }
        }
        for (name, wanted) in [
            ("iothreads", self.iothreadsenabled),
            ("nic.packed.virtqueues.enabled", self.nicpackedvirtqueuesenabled),
        ] {
            if wanted == Some(true) {
                note(name, "true".to_owned());
            }
        }
        Ok(details)
    }

    /// The networks, the default one first, and what is wanted on each.
    fn networks(&self, call: Call<'_>) -> Result<Addressed, Failure> {
        match &self.iptonetworklist {
            None => Ok((self.networkids.clone().unwrap_or_default(), BTreeMap::new())),
            Some(records) => addressed_networks(call, records),
        }
    }

    fn data_volume(
        &self,
        call: Call<'_>,
        account: AccountId,
    ) -> Result<Option<NewVolume>, Failure> {
        let chosen = self.size.map(|gib| size_of(call, "size", gib)).transpose()?;
        let Some(offering) = self.diskofferingid else {
            return match chosen {
                None => Ok(None),
                Some(_) => Err(Failure::invalid(
                    "size is that of a data volume and needs diskofferingid; rootdisksize is that of the root volume",
                )),
            };
        };
        let domain_path = (!call.is_root()).then(|| call.identity.user.domain_path.clone());
        let size = Size { offering, chosen, domain_path };
        Ok(Some(NewVolume { id: None, account, zone: self.zoneid, name: None, size }))
    }

    fn root_size(&self, call: Call<'_>) -> Result<Option<Bytes>, Failure> {
        let in_details = self.details.as_ref().and_then(|details| details.get("rootdisksize"));
        let (param, text) = match (self.rootdisksize, in_details) {
            (Some(size), _) => ("rootdisksize", size.to_string()),
            (None, Some(text)) => ("details", text.clone()),
            (None, None) => return Ok(None),
        };
        match text.parse::<u64>() {
            Ok(size @ 1..=65_536) => Ok(Some(Bytes::from_gib(size))),
            _ => Err(call.wrong(param, &text, "a number of GiB from 1 to 65536")),
        }
    }
}

type Addressed = (Vec<NetworkId>, BTreeMap<NetworkId, NicWish>);

fn addressed_networks(call: Call<'_>, records: &Records) -> Result<Addressed, Failure> {
    let wrong = |text: &str, expected| call.wrong("iptonetworklist", text, expected);
    let mut found = (Vec::new(), BTreeMap::new());
    for record in records {
        let id = record.get("networkid").map_or("", String::as_str);
        let id = id.parse().map_err(|_| wrong(id, "a network's id in field networkid"))?;
        if let Some(ip) = record.get("ipv6") {
            return Err(wrong(ip, "no field ipv6: guest networks have IPv4 addresses only"));
        }
        let ip = record
            .get("ip")
            .map(|ip| ip.parse().map_err(|_| wrong(ip, "an IPv4 address in field ip")));
        let mac = record
            .get("mac")
            .map(|mac| mac.parse().map_err(|_| wrong(mac, "a hardware address in field mac")));
        found.0.push(id);
        let ip = ip.transpose()?.map(IpAddr::V4);
        found.1.insert(id, NicWish { ip, mac: mac.transpose()? });
    }
    Ok(found)
}
