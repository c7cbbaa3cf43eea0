//! `updatePortForwardingRule`: there is no rule that it could change, and it says so.

use hostler_model::VmId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::network::FIREWALL_RULE;

api_command! {
    /// Changes a rule that forwards ports. No network has public addresses yet, so there is none.
    pub(crate) struct UpdatePortForwardingRule = "updatePortForwardingRule", asynchronous
        .object("portforwardingrule").shape(&FIREWALL_RULE);

    /// The rule.
    id: required uuid<Uuid>,
    /// The VM that it is to lead to.
    virtualmachineid: optional uuid<VmId> .entity("virtualmachine"),
    /// The first port inside, from 1 to 65535.
    privateport: optional integer,
    /// The last port inside.
    privateendport: optional integer,
}

impl Handler for UpdatePortForwardingRule {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let vm = self.virtualmachineid.map(|id| ("virtualmachineid", Entity::Vm, id.uuid()));
        call.require(vm.into_iter().collect()).await?;
        Err(call.unknown("id", self.id))
    }
}
