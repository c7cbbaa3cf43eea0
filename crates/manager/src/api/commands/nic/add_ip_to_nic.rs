//! `addIpToNic`: gives a NIC an address beside its own.

use std::net::{IpAddr, Ipv4Addr};

use hostler_model::NicId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::vm::SECONDARY_IP;
use crate::orchestration::vm::add_nic_ip;

api_command! {
    /// Gives a NIC an address beside its own; the guest sets it up itself.
    pub(crate) struct AddIpToNic = "addIpToNic", asynchronous_create
        .object("nicsecondaryip").shape(&SECONDARY_IP).envelope("addiptovmnicresponse");

    /// The NIC.
    nicid: required uuid<NicId> .entity("nic"),
    /// The address, of the network's range; the next free one by default.
    ipaddress: optional choice<Ipv4Addr>,
}

impl Handler for AddIpToNic {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("nicid", Entity::Nic, self.nicid.uuid())]).await?;
        let ip = self.ipaddress.map(IpAddr::V4);
        let (id, job) = add_nic_ip(call.context, call.caller(), self.nicid, ip).await?;
        Ok(Answer::job(call.command, Some(id), job.uuid()))
    }
}
