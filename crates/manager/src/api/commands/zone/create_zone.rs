//! `createZone`: records a data centre.

use std::net::Ipv4Addr;

use hostler_model::{AllocationState, NetworkType, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::zone::{ZoneRow, zone_add, zone_by_name};
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::place::{ZONE, zone};

api_command! {
    /// Records a zone: a data centre.
    pub(crate) struct CreateZone = "createZone", synchronous
        .roles(Roles::ADMIN).object("zone").shape(&ZONE);

    /// Its name, unique.
    name: required string,
    /// Basic: requests name no networks; Advanced: they may.
    networktype: required choice<NetworkType>,
    /// The resolver that guests are given.
    dns1: required choice<Ipv4Addr>,
    /// The second resolver that guests are given.
    dns2: optional choice<Ipv4Addr>,
    /// The resolver that hosts use.
    internaldns1: required choice<Ipv4Addr>,
    /// The second resolver that hosts use.
    internaldns2: optional choice<Ipv4Addr>,
    /// DNS domain of its guests, unless their network has one.
    domain: optional string,
    /// Where isolated networks get their subnets from.
    guestcidraddress: optional string,
    /// Whether its VMs have security groups; those of a Basic zone always have. Hosts do not enforce their rules yet.
    securitygroupenabled: optional boolean,
    /// Enabled (the default), or Disabled: it takes no new VMs.
    allocationstate: optional choice<AllocationState>,
    /// Whether volumes may live on hosts' own disks; true by default.
    localstorageenabled: optional boolean,
}

impl Handler for CreateZone {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let guest_cidr = match self.guestcidraddress {
            Some(text) if text.parse::<ipnet::Ipv4Net>().is_err() => {
                return Err(call.wrong("guestcidraddress", &text, "a subnet like 10.1.1.0/24"));
            }
            other => other,
        };
        let row = ZoneRow {
            id: ZoneId::new(Uuid::new_v4()),
            name: self.name,
            network_type: self.networktype,
            dns1: self.dns1,
            dns2: self.dns2,
            internal_dns1: self.internaldns1,
            internal_dns2: self.internaldns2,
            network_domain: self.domain,
            guest_cidr,
            allocation_state: self.allocationstate.unwrap_or(AllocationState::Enabled),
            local_storage: self.localstorageenabled.unwrap_or(true),
            security_groups: self.networktype == NetworkType::Basic
                || self.securitygroupenabled.unwrap_or(false),
            created: call.now(),
        };
        let (shown, event) =
            (zone(&row, true, None), call.event("ZONE.CREATE").about("Zone", row.id.uuid()));
        call.write(move |tx| {
            if zone_by_name(tx, &row.name)?.is_some() {
                return Err(Failure::invalid(format!(
                    "there is a zone named {} already; choose another name",
                    row.name
                )));
            }
            zone_add(tx, &row)?;
            event.record(tx, format!("zone {} was made", row.name))
        })
        .await?;
        Ok(call.object(shown))
    }
}
