//! `updateInstanceGroup`: gives a group, and with it its VMs, another name.

use hostler_model::InstanceGroupId;
use hostler_query_api::{Answer, api_command};
use hostler_store::instance_group::{instance_group_rename, instance_group_view};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::group::{INSTANCE_GROUP, instance_group};

api_command! {
    /// Gives an instance group another name.
    pub(crate) struct UpdateInstanceGroup = "updateInstanceGroup", synchronous
        .object("instancegroup").shape(&INSTANCE_GROUP);

    /// The group.
    id: required uuid<InstanceGroupId> .entity("instancegroup"),
    /// Its new name, unique in its account.
    name: optional string,
}

impl Handler for UpdateInstanceGroup {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::InstanceGroup, self.id.uuid())]).await?;
        let (id, event) = (self.id, call.event("INSTANCE.GROUP.UPDATE"));
        let view = call
            .write(move |tx| {
                let row = instance_group_view(tx, id)?.row;
                if let Some(name) = self.name.filter(|name| *name != row.name) {
                    instance_group_rename(tx, &row, &name)?;
                    let text = format!("instance group {} is called {name} now", row.name);
                    event.about("InstanceGroup", id.uuid()).record(tx, text)?;
                }
                Ok(instance_group_view(tx, id)?)
            })
            .await?;
        Ok(call.object(instance_group(&view)))
    }
}
