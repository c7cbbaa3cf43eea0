//! `listAffinityGroups`: the groups that say where VMs are to run.

use hostler_model::{AffinityGroupId, AffinityKind, VmId};
use hostler_query_api::{Answer, api_command};
use hostler_store::affinity_group::{AffinityGroupFilter, affinity_group_list};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::group::{AFFINITY_GROUP, affinity_group};

api_command! {
    /// Lists affinity groups.
    pub(crate) struct ListAffinityGroups = "listAffinityGroups", synchronous
        .object("affinitygroup").shape(&AFFINITY_GROUP).paged().owned().in_projects();

    /// The group of this id.
    id: optional uuid<AffinityGroupId> .entity("affinitygroup"),
    /// Groups of this name.
    name: optional string,
    /// Groups of this type.
    kind "type": optional choice<AffinityKind>,
    /// Groups that this VM is in.
    virtualmachineid: optional uuid<VmId> .entity("virtualmachine"),
}

impl Handler for ListAffinityGroups {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let vm = self.virtualmachineid;
        call.require(
            vm.map(|id| ("virtualmachineid", Entity::Vm, id.uuid())).into_iter().collect(),
        )
        .await?;
        let wanted = call.wanted(self.id.is_some() || vm.is_some())?;
        let (scope, page) = (call.scope(wanted).await?, call.page()?);
        let filter = AffinityGroupFilter {
            id: self.id,
            name: self.name,
            kind: self.kind,
            vm,
            keyword: call.keyword(),
        };
        let listed =
            call.read(move |tx| Ok(affinity_group_list(tx, &filter, &scope, page)?)).await?;
        let id = self.id.map(|id| (Entity::AffinityGroup, id.uuid()));
        call.list(listed, id, affinity_group).await
    }
}
