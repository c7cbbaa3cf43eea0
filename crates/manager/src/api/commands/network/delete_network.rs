//! `deleteNetwork`: removes a network that no NIC is on.
//!
//! It answers with a job that is over, as clients expect of this command; there is nothing on hosts to wait for.

use hostler_model::NetworkId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::network::network_remove;
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::done::finished;
use crate::api::failure::Failure;

api_command! {
    /// Deletes a network that no VM is on.
    pub(crate) struct DeleteNetwork = "deleteNetwork", asynchronous .roles(Roles::ADMIN);

    /// The network to delete.
    id: required uuid<NetworkId> .entity("network"),
    /// Accepted: nothing on hosts can hold it up, and it is refused all the same while VMs are on it.
    forced: optional boolean,
}

impl Handler for DeleteNetwork {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::Network, self.id.uuid())]).await?;
        let (id, now, job) = (self.id, call.now(), finished(call, "Network", self.id.uuid()));
        let event = call.event("NETWORK.DELETE").about("Network", id.uuid());
        let job_id = job.id();
        call.write(move |tx| {
            network_remove(tx, id, now)?;
            event.record(tx, format!("network {id} was deleted"))?;
            job.record(tx)
        })
        .await?;
        Ok(Answer::job(call.command, None, job_id))
    }
}
