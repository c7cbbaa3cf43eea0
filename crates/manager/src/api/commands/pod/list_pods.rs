//! `listPods`: the racks and rooms.

use hostler_model::{AllocationState, PodId, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::capacity::{CapacityFilter, Per, capacities};
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
    /// Show how much there is of memory, CPU and storage.
    showcapacities: optional boolean,
    /// Pods of this group of storage; there are none.
    storageaccessgroup: optional string,
}

impl Handler for ListPods {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        if self.storageaccessgroup.is_some() {
            return Ok(Answer::list(call.command, 0, Vec::new()));
        }
        let filter = PodFilter {
            id: self.id,
            zone: self.zoneid,
            name: self.name,
            allocation_state: self.allocationstate,
            keyword: call.keyword(),
        };
        let page = call.page()?;
        let wanted = self.showcapacities.unwrap_or(false);
        let (listed, capacities) = call
            .read(move |tx| {
                let all = CapacityFilter::default();
                let there = wanted.then(|| capacities(tx, Per::Pod, all)).transpose()?;
                Ok((pod_list(tx, &filter, page)?, there))
            })
            .await?;
        call.list(listed, self.id.map(|id| (Entity::Pod, id.uuid())), |view| {
            pod(view, capacities.as_deref())
        })
        .await
    }
}
