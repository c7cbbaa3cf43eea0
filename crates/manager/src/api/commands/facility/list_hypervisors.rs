//! `listHypervisors`: what VMs run on.

use hostler_model::ZoneId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::facility::{NAMED, named};

api_command! {
    /// Lists what VMs run on: KVM.
    pub(crate) struct ListHypervisors = "listHypervisors", synchronous
        .object("hypervisor").shape(&NAMED);

    /// Those of this zone.
    zoneid: optional uuid<ZoneId> .entity("zone"),
}

impl Handler for ListHypervisors {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(
            self.zoneid.map(|id| ("zoneid", Entity::Zone, id.uuid())).into_iter().collect(),
        )
        .await?;
        Ok(Answer::list(call.command, 1, vec![named("KVM")]))
    }
}
