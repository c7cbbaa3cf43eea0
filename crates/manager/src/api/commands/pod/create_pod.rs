//! `createPod`: records a rack or room within a zone.

use std::net::Ipv4Addr;

use hostler_model::{AllocationState, PodId, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::pod::{PodRow, PodView, pod_add, pod_by_name};
use hostler_store::reference::Entity;
use hostler_store::zone::zone_get;
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::place::{POD, pod};

api_command! {
    /// Records a pod: a rack or room within a zone.
    pub(crate) struct CreatePod = "createPod", synchronous
        .roles(Roles::ADMIN).object("pod").shape(&POD);

    /// Its name, unique in its zone.
    name: required string,
    /// The zone that it is in.
    zoneid: required uuid<ZoneId> .entity("zone"),
    /// Gateway of its management network.
    gateway: optional choice<Ipv4Addr>,
    /// Netmask of its management network.
    netmask: optional choice<Ipv4Addr>,
    /// First management address that may be given out.
    startip: optional choice<Ipv4Addr>,
    /// Last management address that may be given out.
    endip: optional choice<Ipv4Addr>,
    /// Enabled (the default), or Disabled: it takes no new VMs.
    allocationstate: optional choice<AllocationState>,
}

impl Handler for CreatePod {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("zoneid", Entity::Zone, self.zoneid.uuid())]).await?;
        if let Some(mask) = self.netmask
            && ipnet::ipv4_mask_to_prefix(mask).is_err()
        {
            return Err(call.wrong("netmask", &mask.to_string(), "a netmask like 255.255.255.0"));
        }
        if self.startip.zip(self.endip).is_some_and(|(start, end)| end < start) {
            return Err(Failure::invalid("endip is before startip; swap them"));
        }
        let row = PodRow {
            id: PodId::new(Uuid::new_v4()),
            zone: self.zoneid,
            name: self.name,
            gateway: self.gateway,
            netmask: self.netmask,
            start_ip: self.startip,
            end_ip: self.endip,
            allocation_state: self.allocationstate.unwrap_or(AllocationState::Enabled),
            created: call.now(),
        };
        let event = call.event("POD.CREATE").about("Pod", row.id.uuid());
        let view = call
            .write(move |tx| {
                let zone = zone_get(tx, row.zone)?;
                if pod_by_name(tx, row.zone, &row.name)?.is_some() {
                    return Err(Failure::invalid(format!(
                        "zone {} has a pod named {} already; choose another name",
                        zone.name, row.name
                    )));
                }
                pod_add(tx, &row)?;
                event.record(tx, format!("pod {} was made in zone {}", row.name, zone.name))?;
                Ok(PodView { row, zone_name: zone.name })
            })
            .await?;
        Ok(call.object(pod(&view, None)))
    }
}
