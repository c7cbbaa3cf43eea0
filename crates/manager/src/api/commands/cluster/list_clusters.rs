//! `listClusters`: the groups of hosts.

use hostler_model::{AllocationState, ClusterId, PodId, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::capacity::{CapacityFilter, Per, capacities};
use hostler_store::cluster::{ClusterFilter, cluster_list};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::place::{CLUSTER, CLUSTER_TYPE, MANAGED_STATE, cluster};

api_command! {
    /// Lists clusters.
    pub(crate) struct ListClusters = "listClusters", synchronous
        .roles(Roles::ADMIN_AND_RESOURCE_ADMIN).object("cluster").shape(&CLUSTER).paged();

    /// The cluster of this id.
    id: optional uuid<ClusterId> .entity("cluster"),
    /// Clusters in this zone.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// Clusters in this pod.
    podid: optional uuid<PodId> .entity("pod"),
    /// Clusters of this name.
    name: optional string,
    /// Clusters of this hypervisor.
    hypervisor: optional string,
    /// Clusters in this state: Enabled or Disabled.
    allocationstate: optional choice<AllocationState>,
    /// Show how much there is of memory, CPU and storage.
    showcapacities: optional boolean,
    /// Clusters with hosts of this machine architecture: x86_64 or aarch64.
    arch: optional string,
    /// Clusters whose hosts are managed by this: CloudManaged, as all are.
    clustertype: optional string,
    /// Clusters in this state: Managed, as all are.
    managedstate: optional string,
    /// Clusters of this group of storage; there are none.
    storageaccessgroup: optional string,
}

impl Handler for ListClusters {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let is = |wanted: Option<&String>, only: &str| {
            wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(only))
        };
        let is_here = is(self.clustertype.as_ref(), CLUSTER_TYPE)
            && is(self.managedstate.as_ref(), MANAGED_STATE);
        if !is_here || self.storageaccessgroup.is_some() {
            return Ok(Answer::list(call.command, 0, Vec::new()));
        }
        let filter = ClusterFilter {
            id: self.id,
            zone: self.zoneid,
            pod: self.podid,
            name: self.name,
            hypervisor: self.hypervisor,
            arch: self.arch,
            allocation_state: self.allocationstate,
            keyword: call.keyword(),
        };
        let page = call.page()?;
        let wanted = self.showcapacities.unwrap_or(false);
        let (listed, capacities) = call
            .read(move |tx| {
                let all = CapacityFilter::default();
                let there = wanted.then(|| capacities(tx, Per::Cluster, all)).transpose()?;
                Ok((cluster_list(tx, &filter, page)?, there))
            })
            .await?;
        call.list(listed, self.id.map(|id| (Entity::Cluster, id.uuid())), |view| {
            cluster(view, capacities.as_deref())
        })
        .await
    }
}
