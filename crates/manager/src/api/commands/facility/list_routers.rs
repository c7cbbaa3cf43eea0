//! `listRouters`: virtual routers. There are none.

use hostler_model::{ClusterId, HostId, NetworkId, PodId, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::facility::ROUTER;

api_command! {
    /// Lists virtual routers; there are none, each host serves its own VMs.
    pub(crate) struct ListRouters = "listRouters", synchronous
        .roles(Roles::ADMINS).object("router").shape(&ROUTER).paged().owned().in_projects();

    /// Those of this name.
    name: optional string,
    /// Those in this state.
    state: optional string,
    /// The one of this id.
    id: optional uuid<Uuid>,
    /// Those in this zone.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// Those in this pod.
    podid: optional uuid<PodId> .entity("pod"),
    /// Those on hosts of this cluster.
    clusterid: optional uuid<ClusterId> .entity("cluster"),
    /// Those on this host.
    hostid: optional uuid<HostId> .entity("host"),
    /// Those of this network.
    networkid: optional uuid<NetworkId> .entity("network"),
    /// Those of this VPC; there are none.
    vpcid: optional uuid<Uuid> .entity("vpc"),
    /// Those of VPCs.
    forvpc: optional boolean,
    /// Those of this machine architecture.
    arch: optional string,
    /// Those of this version.
    version: optional string,
    /// Whether to show what checks of their health said.
    fetchhealthcheckresults: optional boolean,
    /// Those of which such a check failed.
    healthchecksfailed: optional boolean,
}

impl Handler for ListRouters {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let mut named = Vec::new();
        named.extend(self.zoneid.map(|id| ("zoneid", Entity::Zone, id.uuid())));
        named.extend(self.podid.map(|id| ("podid", Entity::Pod, id.uuid())));
        named.extend(self.clusterid.map(|id| ("clusterid", Entity::Cluster, id.uuid())));
        named.extend(self.hostid.map(|id| ("hostid", Entity::Host, id.uuid())));
        named.extend(self.networkid.map(|id| ("networkid", Entity::Network, id.uuid())));
        call.require(named).await?;
        if let Some(id) = self.vpcid {
            return Err(call.unknown("vpcid", id));
        }
        call.none_of(self.id).await
    }
}
