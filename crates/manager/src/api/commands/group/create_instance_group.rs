//! `createInstanceGroup`: records a name that VMs are grouped under.

use hostler_model::{DomainId, InstanceGroupId};
use hostler_query_api::{Answer, api_command};
use hostler_store::instance_group::{InstanceGroupRow, instance_group_add, instance_group_view};
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::group::{INSTANCE_GROUP, instance_group};

api_command! {
    /// Makes a name that VMs can be grouped under.
    pub(crate) struct CreateInstanceGroup = "createInstanceGroup", synchronous
        .object("instancegroup").shape(&INSTANCE_GROUP).in_projects();

    /// The name, unique in its account.
    name: required string,
    /// The account that it is for.
    account: optional string,
    /// The domain of that account.
    domainid: optional uuid<DomainId> .entity("domain"),
}

impl Handler for CreateInstanceGroup {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let row = InstanceGroupRow {
            id: InstanceGroupId::new(Uuid::now_v7()),
            account: call.owner(self.account, self.domainid).await?,
            name: self.name,
            created: call.now(),
        };
        let event = call.event("INSTANCE.GROUP.CREATE").about("InstanceGroup", row.id.uuid());
        let view = call
            .write(move |tx| {
                instance_group_add(tx, &row)?;
                event.record(tx, format!("instance group {} was made", row.name))?;
                Ok(instance_group_view(tx, row.id)?)
            })
            .await?;
        Ok(call.object(instance_group(&view)))
    }
}
