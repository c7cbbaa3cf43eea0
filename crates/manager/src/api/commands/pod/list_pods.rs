//! `listPods`: the racks and rooms.

use hostler_model::{AllocationState, PodId, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::pod::{PodFilter, pod_list};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::place::{POD, pod};

api_command! {
    /// Lists pods.
    pub(crate) struct ListPods = "listPods", synchronous
        .roles(Roles::ADMIN_AND_RESOURCE_ADMIN).object("pod").shape(&POD).paged();

    /// The pod of this id.
    id: optional uuid<PodId> .entity("pod"),
    /// Pods in this zone.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// Pods of this name.
    name: optional string,
    /// Pods in this state: Enabled or Disabled.
    allocationstate: optional choice<AllocationState>,
}

impl Handler for ListPods {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let filter = PodFilter {
            id: self.id,
            zone: self.zoneid,
            name: self.name,
            allocation_state: self.allocationstate,
            keyword: call.keyword(),
        };
        let page = call.page()?;
        let listed = call.read(move |tx| Ok(pod_list(tx, &filter, page)?)).await?;
        call.list(listed, self.id.map(|id| (Entity::Pod, id.uuid())), pod).await
    }
}
