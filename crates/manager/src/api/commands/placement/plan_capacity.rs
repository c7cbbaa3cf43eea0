//! `planCapacity`: what would still fit, and what would become of a zone without some of its hosts. A command of our own.

use hostler_model::{HostId, ServiceOfferingId, TemplateId, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;

use super::number;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::plan::{CAPACITY_PLAN, capacity};
use crate::orchestration::{Size, capacity_plan};

api_command! {
    /// Says how many more VMs of an offering would fit and what would be used up first, and where the VMs of hosts would go
    /// if these were lost. Nothing is moved.
    pub(crate) struct PlanCapacity = "planCapacity", synchronous
        .roles(Roles::ADMIN_AND_RESOURCE_ADMIN).object("capacityplan").shape(&CAPACITY_PLAN);

    /// The zone.
    zoneid: required uuid<ZoneId> .entity("zone"),
    /// Hosts that would be lost.
    losthostids: optional list<HostId> .entity("host"),
    /// How many VMs of this size would fit.
    serviceofferingid: optional uuid<ServiceOfferingId> .entity("serviceoffering"),
    /// What they would be made from.
    templateid: optional uuid<TemplateId> .entity("template"),
    /// CPUs, where the offering leaves them open.
    cpunumber: optional integer,
    /// Their speed in MHz, where the offering leaves it open.
    cpuspeed: optional integer,
    /// Memory in MiB, where the offering leaves it open.
    memory: optional integer,
}

impl Handler for PlanCapacity {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let lost = self.losthostids.unwrap_or_default();
        let mut named = vec![("zoneid", Entity::Zone, self.zoneid.uuid())];
        named.extend(lost.iter().map(|id| ("losthostids", Entity::Host, id.uuid())));
        let offering = self.serviceofferingid;
        named.extend(offering.map(|id| ("serviceofferingid", Entity::ServiceOffering, id.uuid())));
        named.extend(self.templateid.map(|id| ("templateid", Entity::Template, id.uuid())));
        call.require(named).await?;
        let size = offering.map(|offering| Size {
            offering,
            template: self.templateid,
            own: (number(self.cpunumber), number(self.cpuspeed), number(self.memory)),
        });
        let plan = capacity_plan(call.context, self.zoneid, lost, size).await?;
        Ok(call.object(capacity(&plan)))
    }
}
