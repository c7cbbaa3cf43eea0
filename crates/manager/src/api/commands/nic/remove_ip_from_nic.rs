//! `removeIpFromNic`: takes back an address that a NIC has beside its own.

use hostler_query_api::{Answer, api_command};
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::orchestration::vm::remove_nic_ip;

api_command! {
    /// Takes back an address that a NIC has beside its own.
    pub(crate) struct RemoveIpFromNic = "removeIpFromNic", asynchronous .envelope("removeipfromnicresponse");

    /// The id of the address, from listNics.
    id: required uuid<Uuid> .entity("nicsecondaryip"),
}

impl Handler for RemoveIpFromNic {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let job = remove_nic_ip(call.context, call.caller(), self.id).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
