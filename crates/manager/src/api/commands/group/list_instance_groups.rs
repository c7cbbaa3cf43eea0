//! `listInstanceGroups`: the names that VMs are grouped under.

use hostler_model::InstanceGroupId;
use hostler_query_api::{Answer, api_command};
use hostler_store::instance_group::{InstanceGroupFilter, instance_group_list};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::group::{INSTANCE_GROUP, instance_group};

api_command! {
    /// Lists the names that VMs are grouped under.
    pub(crate) struct ListInstanceGroups = "listInstanceGroups", synchronous
        .object("instancegroup").shape(&INSTANCE_GROUP).paged().owned().in_projects();

    /// The group of this id.
    id: optional uuid<InstanceGroupId> .entity("instancegroup"),
    /// Groups of this name.
    name: optional string,
}

impl Handler for ListInstanceGroups {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let wanted = call.wanted(self.id.is_some())?;
        let (scope, page) = (call.scope(wanted).await?, call.page()?);
        let filter = InstanceGroupFilter { id: self.id, name: self.name, keyword: call.keyword() };
        let listed =
            call.read(move |tx| Ok(instance_group_list(tx, &filter, &scope, page)?)).await?;
        let id = self.id.map(|id| (Entity::InstanceGroup, id.uuid()));
        call.list(listed, id, instance_group).await
    }
}
