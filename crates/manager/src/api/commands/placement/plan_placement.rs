//! `planPlacement`: where a VM would go, before there is one. A command of our own.

use hostler_model::{ClusterId, HostId, PodId, ServiceOfferingId, TemplateId, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;

use super::number;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::plan::{PLACEMENT_PLAN, placement};
use crate::orchestration::vm::Placing;
use crate::orchestration::{Size, placement_plan};

api_command! {
    /// Plans where a VM of an offering would go as things are just now, and says of every host why, or why not. Nothing is
    /// recorded.
    pub(crate) struct PlanPlacement = "planPlacement", synchronous
        .roles(Roles::ADMIN_AND_RESOURCE_ADMIN).object("placementplan").shape(&PLACEMENT_PLAN);

    /// Where.
    zoneid: required uuid<ZoneId> .entity("zone"),
    /// Its size.
    serviceofferingid: required uuid<ServiceOfferingId> .entity("serviceoffering"),
    /// What it would be made from: its architecture, its tag and the size of its root volume.
    templateid: optional uuid<TemplateId> .entity("template"),
    /// On this host, or why not.
    hostid: optional uuid<HostId> .entity("host"),
    /// In this cluster.
    clusterid: optional uuid<ClusterId> .entity("cluster"),
    /// In this pod.
    podid: optional uuid<PodId> .entity("pod"),
    /// CPUs, where the offering leaves them open.
    cpunumber: optional integer,
    /// Their speed in MHz, where the offering leaves it open.
    cpuspeed: optional integer,
    /// Memory in MiB, where the offering leaves it open.
    memory: optional integer,
}

impl Handler for PlanPlacement {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let mut named = vec![
            ("zoneid", Entity::Zone, self.zoneid.uuid()),
            ("serviceofferingid", Entity::ServiceOffering, self.serviceofferingid.uuid()),
        ];
        named.extend(self.templateid.map(|id| ("templateid", Entity::Template, id.uuid())));
        named.extend(self.hostid.map(|id| ("hostid", Entity::Host, id.uuid())));
        named.extend(self.clusterid.map(|id| ("clusterid", Entity::Cluster, id.uuid())));
        named.extend(self.podid.map(|id| ("podid", Entity::Pod, id.uuid())));
        call.require(named).await?;
        let size = Size {
            offering: self.serviceofferingid,
            template: self.templateid,
            own: (number(self.cpunumber), number(self.cpuspeed), number(self.memory)),
        };
        let placing = Placing { host: self.hostid, cluster: self.clusterid, pod: self.podid };
        let verdict = placement_plan(call.context, self.zoneid, size, placing).await?;
        Ok(call.object(placement(&verdict)))
    }
}
