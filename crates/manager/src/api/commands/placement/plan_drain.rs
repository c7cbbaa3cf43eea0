//! `planDrain`: where the VMs of a host would go. A command of our own.

use hostler_model::HostId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::plan::{DRAIN, drain};
use crate::orchestration;

api_command! {
    /// Plans where the VMs of a host would go if it were emptied, and names those for which there is no other host. Nothing is
    /// moved.
    pub(crate) struct PlanDrain = "planDrain", synchronous
        .roles(Roles::ADMIN_AND_RESOURCE_ADMIN).object("drainplan").shape(&DRAIN);

    /// The host.
    hostid: required uuid<HostId> .entity("host"),
}

impl Handler for PlanDrain {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("hostid", Entity::Host, self.hostid.uuid())]).await?;
        let (plan, names) = orchestration::drain_plan(call.context, self.hostid).await?;
        Ok(call.object(drain(&plan, &names)))
    }
}
