//! `addNicToVirtualMachine`: gives a VM another NIC.

use std::net::{IpAddr, Ipv4Addr};

use hostler_model::{MacAddress, NetworkId, VmId};
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::vm::VM;
use crate::orchestration::vm::{NicWish, add_nic};

api_command! {
    /// Gives a VM another NIC, which one that runs has at once.
    pub(crate) struct AddNicToVirtualMachine = "addNicToVirtualMachine", asynchronous
        .object("virtualmachine").shape(&VM);

    /// The VM.
    virtualmachineid: required uuid<VmId> .entity("virtualmachine"),
    /// The network that the NIC is to be on.
    networkid: required uuid<NetworkId> .entity("network"),
    /// Its address, of the network's range; the next free one by default.
    ipaddress: optional choice<Ipv4Addr>,
    /// Its hardware address; one that is drawn by default.
    macaddress: optional choice<MacAddress>,
}

impl Handler for AddNicToVirtualMachine {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (vm, network) = (self.virtualmachineid, self.networkid);
        let named = vec![
            ("virtualmachineid", Entity::Vm, vm.uuid()),
            ("networkid", Entity::Network, network.uuid()),
        ];
        call.require(named).await?;
        let wish = NicWish { ip: self.ipaddress.map(IpAddr::V4), mac: self.macaddress };
        let job = add_nic(call.context, call.caller(), vm, network, wish).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
