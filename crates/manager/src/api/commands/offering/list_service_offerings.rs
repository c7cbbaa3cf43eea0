//! `listServiceOfferings`: the sizes of VMs for sale.

use hostler_model::{Mhz, Mib, ServiceOfferingId, VmId};
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;
use hostler_store::service_offering::{ServiceOfferingFilter, service_offering_list};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::offering::{SERVICE_OFFERING, service_offering};

api_command! {
    /// Lists the sizes of VMs for sale.
    pub(crate) struct ListServiceOfferings = "listServiceOfferings", synchronous
        .object("serviceoffering").shape(&SERVICE_OFFERING).paged();

    /// The offering of this id.
    id: optional uuid<ServiceOfferingId> .entity("serviceoffering"),
    /// Offerings of this name.
    name: optional string,
    /// What this VM could change to.
    virtualmachineid: optional uuid<VmId> .entity("virtualmachine"),
    /// Offerings with so many CPUs.
    cpunumber: optional integer,
    /// Offerings with CPUs this fast, in MHz.
    cpuspeed: optional integer,
    /// Offerings with so much memory, in MiB.
    memory: optional integer,
    /// Offerings with volumes there: local or shared.
    storagetype: optional string,
    /// Those of the cloud's own VMs; there are none.
    issystem: optional boolean,
    /// Those in this state; all are Active.
    state: optional string,
}

impl Handler for ListServiceOfferings {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        if let Some(vm) = self.virtualmachineid {
            call.require(vec![("virtualmachineid", Entity::Vm, vm.uuid())]).await?;
        }
        let inactive = self.state.is_some_and(|state| {
            !state.eq_ignore_ascii_case("active") && !state.eq_ignore_ascii_case("all")
        });
        if self.issystem == Some(true) || inactive {
            return Ok(Answer::list(call.command, 0, Vec::new()));
        }
        let number = |value: Option<i32>| value.map(|n| u64::try_from(n).unwrap_or(0));
        let filter = ServiceOfferingFilter {
            id: self.id,
            name: self.name,
            not_of_vm: self.virtualmachineid,
            cpus: self.cpunumber.map(i32::unsigned_abs),
            memory: number(self.memory).map(Mib),
            cpu_speed: number(self.cpuspeed).map(Mhz),
            storage_type: self.storagetype,
            keyword: call.keyword(),
        };
        let page = call.page()?;
        let listed = call.read(move |tx| Ok(service_offering_list(tx, &filter, page)?)).await?;
        let id = self.id.map(|id| (Entity::ServiceOffering, id.uuid()));
        call.list(listed, id, |row| service_offering(row, call.is_root())).await
    }
}
