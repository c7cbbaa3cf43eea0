//! `enableStaticNat`: would tie a public address to a VM. There is no public address, and it says so.

use hostler_model::{NetworkId, VmId};
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::Entity;
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Ties a public address to a VM, on a network whose offering has the service StaticNat. No network has it
    /// yet, so there is no public address that could be named.
    pub(crate) struct EnableStaticNat = "enableStaticNat", synchronous;

    /// The public address.
    ipaddressid: required uuid<Uuid> .entity("publicipaddress"),
    /// The VM.
    virtualmachineid: required uuid<VmId> .entity("virtualmachine"),
    /// The VM's network.
    networkid: optional uuid<NetworkId> .entity("network"),
    /// The VM's address on that network.
    vmguestip: optional choice<std::net::Ipv4Addr>,
}

impl Handler for EnableStaticNat {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let network = self.networkid.map(|id| ("networkid", Entity::Network, id.uuid()));
        let vm = ("virtualmachineid", Entity::Vm, self.virtualmachineid.uuid());
        call.require(network.into_iter().chain([vm]).collect()).await?;
        Err(call.unknown("ipaddressid", self.ipaddressid))
    }
}
