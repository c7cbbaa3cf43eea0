//! `listHosts`: the machines.

use hostler_model::{ClusterId, HostId, HostStatus, PodId, ResourceState, VmId, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::host_view::{HostFilter, host_list};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::host::{HOST, host};

api_command! {
    /// Lists hosts and image workers.
    pub(crate) struct ListHosts = "listHosts", synchronous
        .roles(Roles::ADMIN_AND_RESOURCE_ADMIN).object("host").shape(&HOST).paged();

    /// The host of this id.
    id: optional uuid<HostId> .entity("host"),
    /// Hosts of this name.
    name: optional string,
    /// Routing: runs VMs; SecondaryStorage: an image worker.
    kind "type": optional string,
    /// Hosts in this zone.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// Hosts in this pod.
    podid: optional uuid<PodId> .entity("pod"),
    /// Hosts of this cluster.
    clusterid: optional uuid<ClusterId> .entity("cluster"),
    /// Hosts in this state: Up, Connecting, Disconnected, Alert or Down.
    state: optional choice<HostStatus>,
    /// Hosts that take new VMs (Enabled) or not (Disabled, PrepareForMaintenance, Maintenance).
    resourcestate: optional choice<ResourceState>,
    /// Hosts of this hypervisor: KVM.
    hypervisor: optional string,
    /// The host that this VM runs on.
    virtualmachineid: optional uuid<VmId> .entity("virtualmachine"),
    /// Hosts of this architecture, for instance x86_64.
    arch: optional string,
    /// Hosts whose agent has this version.
    version: optional string,
    /// Those kept for VMs of hosts that died; there are none.
    hahost: optional boolean,
    /// Accepted: everything is shown, whatever is asked for.
    details: optional list<String>,
    /// Hosts whose connection the manager of this number holds.
    managementserverid: optional uuid<u64>,
    /// Hosts whose power is switched from outside; there are none.
    outofbandmanagementenabled: optional boolean,
    /// Hosts of which such a switch says this; there are none.
    outofbandmanagementpowerstate: optional string,
    /// Hosts of this group of storage; there are none.
    storageaccessgroup: optional string,
}

impl Handler for ListHosts {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let wants_none = [self.hahost, self.outofbandmanagementenabled].contains(&Some(true))
            || self.outofbandmanagementpowerstate.is_some()
            || self.storageaccessgroup.is_some();
        if wants_none {
            return Ok(Answer::list(call.command, 0, Vec::new()));
        }
        let filter = HostFilter {
            id: self.id,
            name: self.name,
            kind: self.kind,
            zone: self.zoneid,
            pod: self.podid,
            cluster: self.clusterid,
            status: self.state,
            admin_state: self.resourcestate,
            arch: self.arch,
            agent_version: self.version,
            hypervisor: self.hypervisor,
            manager: self.managementserverid,
            vm: self.virtualmachineid,
            keyword: call.keyword(),
        };
        let page = call.page()?;
        let listed = call.read(move |tx| Ok(host_list(tx, &filter, page)?)).await?;
        call.list(listed, self.id.map(|id| (Entity::Host, id.uuid())), host).await
    }
}
