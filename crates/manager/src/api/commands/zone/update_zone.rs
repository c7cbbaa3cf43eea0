//! `updateZone`: changes what a zone is called, whether it takes VMs, and what guests and hosts are told there.

use std::net::Ipv4Addr;

use hostler_model::{AllocationState, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;
use hostler_store::zone::{ZoneRow, zone_get, zone_update};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::place::{ZONE, zone};

api_command! {
    /// Changes a zone. VMs that run keep what they were given.
    pub(crate) struct UpdateZone = "updateZone", synchronous
        .roles(Roles::ADMIN).object("zone").shape(&ZONE);

    /// The zone.
    id: required uuid<ZoneId> .entity("zone"),
    /// Its new name.
    name: optional string,
    /// Enabled, or Disabled: only root administrators get new VMs there.
    allocationstate: optional choice<AllocationState>,
    /// The resolver that guests are given.
    dns1: optional choice<Ipv4Addr>,
    /// The second resolver that guests are given.
    dns2: optional choice<Ipv4Addr>,
    /// The resolver that hosts use.
    internaldns1: optional choice<Ipv4Addr>,
    /// The second resolver that hosts use.
    internaldns2: optional choice<Ipv4Addr>,
    /// DNS domain of its guests, unless their network has one.
    domain: optional string,
    /// Where isolated networks get their subnets from.
    guestcidraddress: optional string,
    /// Whether volumes may live on hosts' own disks.
    localstorageenabled: optional boolean,
}

impl Handler for UpdateZone {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        if let Some(text) = &self.guestcidraddress
            && text.parse::<ipnet::Ipv4Net>().is_err()
        {
            return Err(call.wrong("guestcidraddress", text, "a subnet like 10.1.1.0/24"));
        }
        call.require(vec![("id", Entity::Zone, self.id.uuid())]).await?;
        let event = call.event("ZONE.EDIT").about("Zone", self.id.uuid());
        let row = call
            .write(move |tx| {
                let row = zone_get(tx, self.id)?;
                let row = self.changed(row);
                zone_update(tx, &row)?;
                event.record(tx, format!("zone {} was changed", row.name))?;
                Ok(row)
            })
            .await?;
        Ok(call.object(zone(&row, true, None)))
    }
}

impl UpdateZone {
    fn changed(self, row: ZoneRow) -> ZoneRow {
        ZoneRow {
            name: self.name.unwrap_or(row.name),
            allocation_state: self.allocationstate.unwrap_or(row.allocation_state),
            dns1: self.dns1.unwrap_or(row.dns1),
            dns2: self.dns2.or(row.dns2),
            internal_dns1: self.internaldns1.unwrap_or(row.internal_dns1),
            internal_dns2: self.internaldns2.or(row.internal_dns2),
            network_domain: self.domain.or(row.network_domain),
            guest_cidr: self.guestcidraddress.or(row.guest_cidr),
            local_storage: self.localstorageenabled.unwrap_or(row.local_storage),
            ..row
        }
    }
}
