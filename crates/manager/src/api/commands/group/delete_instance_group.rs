//! `deleteInstanceGroup`: forgets a name that VMs are grouped under. The VMs are in no group then.

use hostler_model::InstanceGroupId;
use hostler_query_api::{Answer, api_command};
use hostler_store::instance_group::{instance_group_remove, instance_group_view};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Deletes an instance group; its VMs are in none then.
    pub(crate) struct DeleteInstanceGroup = "deleteInstanceGroup", synchronous;

    /// The group to delete.
    id: required uuid<InstanceGroupId> .entity("instancegroup"),
}

impl Handler for DeleteInstanceGroup {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::InstanceGroup, self.id.uuid())]).await?;
        let (id, event) = (self.id, call.event("INSTANCE.GROUP.DELETE"));
        call.write(move |tx| {
            let row = instance_group_view(tx, id)?.row;
            instance_group_remove(tx, &row)?;
            let event = event.about("InstanceGroup", id.uuid());
            event.record(tx, format!("instance group {} was deleted", row.name))
        })
        .await?;
        Ok(call.success())
    }
}
