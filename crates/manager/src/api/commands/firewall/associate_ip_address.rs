//! `associateIpAddress`: would take a public address for a network. No network here has public addresses.

use hostler_model::{DomainId, NetworkId, ZoneId};
use hostler_query_api::{Answer, ApiError, ErrorClass, api_command};
use hostler_store::reference::Entity;

use super::lacking;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::network::IP_ADDRESS;

api_command! {
    /// Takes a public address for a network whose offering has the service StaticNat. No network has it yet,
    /// so it checks what is asked for and is refused.
    pub(crate) struct AssociateIpAddress = "associateIpAddress", asynchronous_create
        .object("ipaddress").shape(&IP_ADDRESS);

    /// The network that it is for.
    networkid: optional uuid<NetworkId> .entity("network"),
    /// The zone that it is in, where no network is named.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// The account that it is for.
    account: optional string,
    /// The domain of that account.
    domainid: optional uuid<DomainId> .entity("domain"),
}

impl Handler for AssociateIpAddress {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let network = self.networkid.map(|id| ("networkid", Entity::Network, id.uuid()));
        let zone = self.zoneid.map(|id| ("zoneid", Entity::Zone, id.uuid()));
        call.require(network.into_iter().chain(zone).collect()).await?;
        call.owner(self.account, self.domainid).await?;
        match (self.networkid, self.zoneid) {
            (Some(network), _) => Err(lacking(call, network, "StaticNat").await?),
            (None, Some(zone)) => Err(Failure(ApiError::new(
                ErrorClass::InsufficientAddress,
                format!("zone {zone} has no public addresses; its networks are shared ones"),
            ))),
            (None, None) => Err(call.wrong("networkid", "", "a network's id, or zoneid")),
        }
    }
}
