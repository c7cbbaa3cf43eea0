//! `updatePod`: changes what a pod is called, whether it takes VMs, and its management addresses.

use std::net::Ipv4Addr;

use hostler_model::{AllocationState, PodId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::pod::{PodRow, PodView, pod_get, pod_update};
use hostler_store::reference::Entity;
use hostler_store::zone::zone_get;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::place::{POD, pod};

api_command! {
    /// Changes a pod. VMs that run go on.
    pub(crate) struct UpdatePod = "updatePod", synchronous
        .roles(Roles::ADMIN).object("pod").shape(&POD);

    /// The pod.
    id: required uuid<PodId> .entity("pod"),
    /// Its new name, unique in its zone.
    name: optional string,
    /// Enabled, or Disabled: its hosts take no new VMs.
    allocationstate: optional choice<AllocationState>,
    /// Gateway of its management network.
    gateway: optional choice<Ipv4Addr>,
    /// Netmask of its management network.
    netmask: optional choice<Ipv4Addr>,
    /// First management address that may be given out.
    startip: optional choice<Ipv4Addr>,
    /// Last management address that may be given out.
    endip: optional choice<Ipv4Addr>,
}

impl Handler for UpdatePod {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        if let Some(mask) = self.netmask
            && ipnet::ipv4_mask_to_prefix(mask).is_err()
        {
            return Err(call.wrong("netmask", &mask.to_string(), "a netmask like 255.255.255.0"));
        }
        call.require(vec![("id", Entity::Pod, self.id.uuid())]).await?;
        let event = call.event("POD.EDIT").about("Pod", self.id.uuid());
        let view = call
            .write(move |tx| {
                let row = pod_get(tx, self.id)?;
                let row = self.changed(row);
                if row.start_ip.zip(row.end_ip).is_some_and(|(start, end)| end < start) {
                    return Err(Failure::invalid("endip is before startip; swap them"));
                }
                pod_update(tx, &row)?;
                event.record(tx, format!("pod {} was changed", row.name))?;
                let zone_name = zone_get(tx, row.zone)?.name;
                Ok(PodView { row, zone_name })
            })
            .await?;
        Ok(call.object(pod(&view, None)))
    }
}

impl UpdatePod {
    fn changed(self, row: PodRow) -> PodRow {
        PodRow {
            name: self.name.unwrap_or(row.name),
            allocation_state: self.allocationstate.unwrap_or(row.allocation_state),
            gateway: self.gateway.or(row.gateway),
            netmask: self.netmask.or(row.netmask),
            start_ip: self.startip.or(row.start_ip),
            end_ip: self.endip.or(row.end_ip),
            ..row
        }
    }
}
