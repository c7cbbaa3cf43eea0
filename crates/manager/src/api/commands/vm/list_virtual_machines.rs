//! `listVirtualMachines`: the VMs, with everything that clients want to know of them.

use hostler_model::{
    AffinityGroupId, ClusterId, HostId, InstanceGroupId, NetworkId, PodId, SecurityGroupId,
    ServiceOfferingId, StoragePoolId, TemplateId, UserDataId, UserId, VmId, VmState, ZoneId,
};
use hostler_query_api::{Answer, RoleType, Roles, api_command};
use hostler_store::Page;
use hostler_store::reference::Entity;
use hostler_store::vm_view::{VmFilter, vm_list};
use serde_json::Value;
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::commands::tag;
use crate::api::failure::Failure;
use crate::api::objects::vm::{Sight, VM, vm};

api_command! {
    /// Lists VMs.
    pub(crate) struct ListVirtualMachines = "listVirtualMachines", synchronous
        .object("virtualmachine").shape(&VM).paged().owned().in_projects();

    /// The VM of this id.
    id: optional uuid<VmId> .entity("virtualmachine"),
    /// The VMs of these ids.
    ids: optional list<VmId> .entity("virtualmachine"),
    /// VMs of this host name or display name.
    name: optional string,
    /// VMs in this state; Present means in any but Destroyed and Expunging, Active in any of those that may run.
    state: optional string,
    /// VMs with one of these tags, each a key and a value.
    tags: optional records,
    /// VMs in this zone.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// VMs on hosts in this pod.
    podid: optional uuid<PodId> .entity("pod").roles(Roles::ADMINS),
    /// VMs on hosts of this cluster.
    clusterid: optional uuid<ClusterId> .entity("cluster").roles(Roles::ADMINS),
    /// VMs on this host.
    hostid: optional uuid<HostId> .entity("host").roles(Roles::ADMINS),
    /// VMs with a volume on this storage pool.
    storageid: optional uuid<StoragePoolId> .entity("storagepool").roles(Roles::ADMINS),
    /// VMs of this size.
    serviceofferingid: optional uuid<ServiceOfferingId> .entity("serviceoffering"),
    /// VMs from this template.
    templateid: optional uuid<TemplateId> .entity("template"),
    /// VMs with this ISO in their drive.
    isoid: optional uuid<TemplateId> .entity("iso"),
    /// VMs on this network.
    networkid: optional uuid<NetworkId> .entity("network"),
    /// VMs that this user deployed.
    userid: optional uuid<UserId> .entity("user"),
    /// VMs that were given the SSH key of this name.
    keypair: optional string,
    /// VMs in this security group.
    securitygroupid: optional uuid<SecurityGroupId> .entity("securitygroup"),
    /// VMs in this affinity group.
    affinitygroupid: optional uuid<AffinityGroupId> .entity("affinitygroup"),
    /// VMs made with this registered user data.
    userdataid: optional uuid<UserDataId> .entity("userdata"),
    /// VMs in this instance group.
    groupid: optional uuid<InstanceGroupId> .entity("instancegroup"),
    /// VMs of this hypervisor; all are KVM.
    hypervisor: optional string,
    /// VMs of this machine architecture: x86_64 or aarch64.
    arch: optional string,
    /// VMs that are to be restarted elsewhere when their host is gone, or those that are not.
    haenable: optional boolean,
    /// VMs that their user sees, or those that it does not.
    displayvm: optional boolean .roles(Roles::ADMIN),
    /// What to show of each: all, or some of min, group, nics, stats, secgrp, tmpl, servoff, iso, volume, affgrp.
    details: optional list<String>,
    /// Whether to say only how many there are.
    retrieveonlyresourcecount: optional boolean,
    /// Whether figures are summed up since the VM's beginning; there are none to sum up yet.
    accumulate: optional boolean,
    /// Whether to show user data.
    userdata: optional boolean,
    /// VMs that end by themselves at some time; there are none.
    leased: optional boolean,
    /// VMs with a GPU; there are none.
    gpuenabled: optional boolean,
    /// VMs that are network appliances; there are none.
    isvnf: optional boolean,
    /// VMs on networks behind routers; there are none.
    forvirtualnetwork: optional boolean,
    /// VMs in this VPC; there are none.
    vpcid: optional uuid<Uuid> .entity("vpc"),
    /// VMs that are kept copies of so; there are none.
    backupofferingid: optional uuid<Uuid> .entity("backupoffering"),
    /// VMs of this group that grows by itself; there are none.
    autoscalevmgroupid: optional uuid<Uuid> .entity("autoscalevmgroup"),
    /// VMs of this extension; there are none.
    extensionid: optional uuid<Uuid> .entity("extension"),
    /// Accepted: nothing has an icon.
    showicon: optional boolean,
}

impl Handler for ListVirtualMachines {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        if self.wants_none() {
            return Ok(Answer::list(call.command, 0, Vec::new()));
        }
        let wanted = call.wanted(self.id.is_some() || self.ids.is_some())?;
        let shown = Shown::of(call, self.details.as_deref())?;
        // what is hidden is hidden from its user, not from administrators
        let display =
            if call.identity.role() == RoleType::User { Some(true) } else { self.displayvm };
        let (scope, page) = (call.scope(wanted).await?, call.page()?);
        let filter = VmFilter {
            id: self.id,
            ids: self.ids.unwrap_or_default(),
            name: self.name,
            states: states(call, self.state.as_deref())?,
            zone: self.zoneid,
            pod: self.podid,
            cluster: self.clusterid,
            host: self.hostid,
            offering: self.serviceofferingid,
            template: self.templateid,
            iso: self.isoid,
            network: self.networkid,
            pool: self.storageid,
            user: self.userid,
            keypair: self.keypair,
            group: None,
            display,
            ha: self.haenable,
            arch: self.arch,
            instance_group: self.groupid,
            security_group: self.securitygroupid,
            affinity_group: self.affinitygroupid,
            user_data: self.userdataid,
            tags: tag::pairs(self.tags)?,
            keyword: call.keyword(),
            with_expunged: false,
        };
        if self.retrieveonlyresourcecount == Some(true) {
            let found = call.read(move |tx| Ok(vm_list(tx, &filter, &scope, Page::NONE)?)).await?;
            return Ok(Answer::list(call.command, found.total, Vec::new()));
        }
        let listed = call.read(move |tx| Ok(vm_list(tx, &filter, &scope, page)?)).await?;
        let sight = Sight {
            admin: call.is_root(),
            user_data: self.userdata.unwrap_or(false),
            password: false,
        };
        let id = self.id.map(|id| (Entity::Vm, id.uuid()));
        call.list(listed, id, |view| shown.part_of(vm(view, sight))).await
    }
}

impl ListVirtualMachines {
    /// Whether it asks for what no VM here is.
    fn wants_none(&self) -> bool {
        let unknown =
            [self.vpcid, self.backupofferingid, self.autoscalevmgroupid, self.extensionid];
        self.hypervisor.as_ref().is_some_and(|h| !h.eq_ignore_ascii_case("KVM"))
            || [self.leased, self.gpuenabled, self.isvnf, self.forvirtualnetwork]
                .contains(&Some(true))
            || unknown.iter().any(Option::is_some)
    }
}

/// What `details` names, and the fields that belong to each.
const PARTS: &[(&str, &[&str])] = &[
    ("group", &["group", "groupid"]),
    ("nics", &["nic", "ipaddress"]),
    ("stats", &["cpuused", "networkkbsread", "networkkbswrite", "diskkbsread", "diskkbswrite"]),
    ("secgrp", &["securitygroup"]),
    (
        "tmpl",
        &[
            "templatename",
            "templatedisplaytext",
            "templateformat",
            "templatetype",
            "passwordenabled",
        ],
    ),
    ("servoff", &["serviceofferingname", "cpunumber", "cpuspeed", "memory"]),
    ("iso", &["isoid", "isoname", "isodisplaytext"]),
    ("volume", &["rootdeviceid", "rootdevicetype"]),
    ("affgrp", &["affinitygroup"]),
];

/// The fields of VMs that were not asked for.
struct Shown {
    hidden: Vec<&'static str>,
}

impl Shown {
    fn of(call: Call<'_>, details: Option<&[String]>) -> Result<Self, Failure> {
        let Some(asked) = details else { return Ok(Self { hidden: Vec::new() }) };
        let is_asked = |name: &str| asked.iter().any(|part| part.eq_ignore_ascii_case(name));
        let known = |part: &String| {
            let part = part.to_ascii_lowercase();
            ["all", "min"].contains(&part.as_str()) || PARTS.iter().any(|(name, _)| *name == part)
        };
        if let Some(odd) = asked.iter().find(|part| !known(part)) {
            let names: Vec<_> = PARTS.iter().map(|(name, _)| *name).collect();
            let expected = format!("all, min, or some of {}", names.join(", "));
            return Err(call.wrong("details", odd, &expected));
        }
        let parts = PARTS.iter().filter(|(name, _)| !is_asked("all") && !is_asked(name));
        Ok(Self { hidden: parts.flat_map(|(_, fields)| fields.iter().copied()).collect() })
    }

    fn part_of(&self, mut vm: Value) -> Value {
        if let Some(fields) = vm.as_object_mut() {
            fields.retain(|name, _| !self.hidden.contains(&name.as_str()));
        }
        vm
    }
}

fn states(call: Call<'_>, text: Option<&str>) -> Result<Vec<VmState>, Failure> {
    let gone = [VmState::Destroyed, VmState::Expunging, VmState::Expunged];
    match text {
        None => Ok(Vec::new()),
        Some(text) if text.eq_ignore_ascii_case("Present") => {
            Ok(VmState::ALL.iter().copied().filter(|state| !gone.contains(state)).collect())
        }
        Some(text) if text.eq_ignore_ascii_case("Active") => {
            let active = |state: &&VmState| !gone.contains(state) && **state != VmState::Error;
            Ok(VmState::ALL.iter().filter(active).copied().collect())
        }
        Some(text) => text.parse().map(|state| vec![state]).map_err(|_| {
            let known: Vec<_> = VmState::ALL.iter().map(|state| state.as_str()).collect();
            call.wrong("state", text, &format!("Present, Active or one of {}", known.join(", ")))
        }),
    }
}
