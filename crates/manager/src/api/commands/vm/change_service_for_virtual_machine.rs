//! `changeServiceForVirtualMachine`: gives a stopped VM another size.

use hostler_model::{ServiceOfferingId, VmId};
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use super::shown;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::vm::VM;
use crate::orchestration::vm::change_service;

api_command! {
    /// Gives a stopped VM another size.
    pub(crate) struct ChangeServiceForVirtualMachine = "changeServiceForVirtualMachine", synchronous
        .object("virtualmachine").shape(&VM);

    /// The VM.
    id: required uuid<VmId> .entity("virtualmachine"),
    /// Its size from now on.
    serviceofferingid: required uuid<ServiceOfferingId> .entity("serviceoffering"),
    /// With a custom offering its size: details[0].cpuNumber, cpuSpeed, memory.
    details: optional map .max(1024),
}

impl Handler for ChangeServiceForVirtualMachine {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let offering = self.serviceofferingid;
        let named = vec![
            ("id", Entity::Vm, self.id.uuid()),
            ("serviceofferingid", Entity::ServiceOffering, offering.uuid()),
        ];
        call.require(named).await?;
        let details = self.details.unwrap_or_default();
        change_service(call.context, call.caller(), self.id, offering, details).await?;
        shown(call, self.id).await
    }
}
