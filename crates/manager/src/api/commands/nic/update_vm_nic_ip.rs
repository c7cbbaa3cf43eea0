//! `updateVmNicIp`: gives a NIC of a stopped VM another address.

use std::net::{IpAddr, Ipv4Addr};

use hostler_model::NicId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::vm::VM;
use crate::orchestration::vm::set_nic_ip;

api_command! {
    /// Gives a NIC of a stopped VM another address.
    pub(crate) struct UpdateVmNicIp = "updateVmNicIp", asynchronous.object("virtualmachine").shape(&VM);

    /// The NIC.
    nicid: required uuid<NicId> .entity("nic"),
    /// Its address, of the network's range; the next free one by default.
    ipaddress: optional choice<Ipv4Addr>,
}

impl Handler for UpdateVmNicIp {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("nicid", Entity::Nic, self.nicid.uuid())]).await?;
        let ip = self.ipaddress.map(IpAddr::V4);
        let job = set_nic_ip(call.context, call.caller(), self.nicid, ip).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
