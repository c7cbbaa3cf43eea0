//! `listStoragePools`: where volumes live.

use hostler_model::{ClusterId, HostId, PodId, StoragePoolId, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;
use hostler_store::storage_pool_view::{StoragePoolFilter, storage_pool_list};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::storage::{STORAGE_POOL, storage_pool};

api_command! {
    /// Lists storage pools.
    pub(crate) struct ListStoragePools = "listStoragePools", synchronous
        .roles(Roles::ADMIN_AND_RESOURCE_ADMIN).object("storagepool").shape(&STORAGE_POOL).paged();

    /// The pool of this id.
    id: optional uuid<StoragePoolId> .entity("storagepool"),
    /// Pools of this name.
    name: optional string,
    /// Pools in this zone.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// Pools in this pod.
    podid: optional uuid<PodId> .entity("pod"),
    /// Pools in this cluster.
    clusterid: optional uuid<ClusterId> .entity("cluster"),
    /// Pools on this host's own disks.
    hostid: optional uuid<HostId> .entity("host"),
    /// Pools at this path.
    path: optional string .max(4096),
    /// Pools of hosts with this address.
    ipaddress: optional string,
    /// Pools in this state.
    status: optional string,
    /// HOST: only pools on one host's own disks; CLUSTER or ZONE: only those that hosts share.
    scope: optional string,
}

impl Handler for ListStoragePools {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let filter = StoragePoolFilter {
            id: self.id,
            name: self.name,
            zone: self.zoneid,
            pod: self.podid,
            cluster: self.clusterid,
            host: self.hostid,
            path: self.path,
            address: self.ipaddress,
            state: self.status,
            local: self.scope.map(|scope| scope.eq_ignore_ascii_case("HOST")),
            keyword: call.keyword(),
        };
        let page = call.page()?;
        let listed = call.read(move |tx| Ok(storage_pool_list(tx, &filter, page)?)).await?;
        let id = self.id.map(|id| (Entity::StoragePool, id.uuid()));
        call.list(listed, id, storage_pool).await
    }
}
