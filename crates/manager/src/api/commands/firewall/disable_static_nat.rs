//! `disableStaticNat`: there is no public address (ipaddressid) whose tie it could end, and it says so.

use hostler_query_api::{Answer, api_command};
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Ends the tie of a public address to a VM. No network has public addresses yet, so there is none.
    pub(crate) struct DisableStaticNat = "disableStaticNat", asynchronous;

    /// The public address.
    ipaddressid: required uuid<Uuid>,
}

impl Handler for DisableStaticNat {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        Err(call.unknown("ipaddressid", self.ipaddressid))
    }
}
