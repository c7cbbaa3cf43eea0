//! `listSystemVms`: the cloud's own VMs. There are none.

use hostler_model::{HostId, PodId, StoragePoolId, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::facility::SYSTEM_VM;

api_command! {
    /// Lists the cloud's own VMs; there are none, hosts and image workers do their work.
    pub(crate) struct ListSystemVms = "listSystemVms", synchronous
        .roles(Roles::ADMIN_AND_RESOURCE_ADMIN).object("systemvm").shape(&SYSTEM_VM).paged();

    /// Those of this name.
    name: optional string,
    /// Those in this state.
    state: optional string,
    /// Those that do this.
    systemvmtype: optional string,
    /// The one of this id.
    id: optional uuid<Uuid>,
    /// Those in this zone.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// Those in this pod.
    podid: optional uuid<PodId> .entity("pod"),
    /// Those on this host.
    hostid: optional uuid<HostId> .entity("host"),
    /// Those with a volume on this pool.
    storageid: optional uuid<StoragePoolId> .entity("storagepool"),
    /// Those of this machine architecture.
    arch: optional string,
}

impl Handler for ListSystemVms {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let mut named = Vec::new();
        named.extend(self.zoneid.map(|id| ("zoneid", Entity::Zone, id.uuid())));
        named.extend(self.podid.map(|id| ("podid", Entity::Pod, id.uuid())));
        named.extend(self.hostid.map(|id| ("hostid", Entity::Host, id.uuid())));
        call.require(named).await?;
        match self.id {
            Some(id) => Err(call.unknown("id", id)),
            None => Ok(Answer::list(call.command, 0, Vec::new())),
        }
    }
}
