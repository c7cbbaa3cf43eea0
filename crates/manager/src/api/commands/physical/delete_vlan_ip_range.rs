//! `deleteVlanIpRange`: takes addresses away from what may be given out.

use hostler_model::IpRangeId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::ip_range::{ip_range_is_first, ip_range_remove};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Removes a range of which no address is given out. A network's first range goes with the network.
    pub(crate) struct DeleteVlanIpRange = "deleteVlanIpRange", synchronous .roles(Roles::ADMIN);

    /// The range.
    id: required uuid<IpRangeId> .entity("vlaniprange"),
}

impl Handler for DeleteVlanIpRange {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let id = self.id;
        if call.read(move |tx| Ok(ip_range_is_first(tx, id.uuid())?)).await? {
            return Err(Failure::invalid(
                "id: this is the first range of a network; remove the network instead",
            ));
        }
        call.require(vec![("id", Entity::IpRange, id.uuid())]).await?;
        let event = call.event("VLAN.IP.RANGE.DELETE").about("VlanIpRange", id.uuid());
        call.write(move |tx| {
            ip_range_remove(tx, id)?;
            event.record(tx, format!("range {id} of addresses was removed"))
        })
        .await?;
        Ok(call.success())
    }
}
