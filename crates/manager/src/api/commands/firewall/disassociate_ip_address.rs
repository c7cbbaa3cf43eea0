//! `disassociateIpAddress`: there is no public address that it could give back, and it says so.

use hostler_query_api::{Answer, api_command};
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Gives a public address back. No network has public addresses yet, so there is none.
    pub(crate) struct DisassociateIpAddress = "disassociateIpAddress", asynchronous;

    /// The public address.
    id: optional uuid<Uuid> .entity("publicipaddress"),
    /// The public address itself, in place of its id.
    ipaddress: optional string,
}

impl Handler for DisassociateIpAddress {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        match (self.id, self.ipaddress) {
            (Some(id), _) => Err(call.unknown("id", id)),
            (None, Some(address)) => Err(call.unknown("ipaddress", address)),
            (None, None) => Err(call.wrong("id", "", "a public address's id, or ipaddress")),
        }
    }
}
