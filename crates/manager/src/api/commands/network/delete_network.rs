//! `deleteNetwork`: removes a network that no NIC is on.
//!
//! It answers with a job that is over, as clients expect of this command; there is nothing on hosts to wait for.

use hostler_model::{JobId, NetworkId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::job::{NewJob, job_add_done};
use hostler_store::network::network_remove;
use hostler_store::reference::Entity;
use serde_json::json;
use uuid::Uuid;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Deletes a network that no VM is on.
    pub(crate) struct DeleteNetwork = "deleteNetwork", asynchronous .roles(Roles::ADMIN);

    /// The network to delete.
    id: required uuid<NetworkId> .entity("network"),
}

impl Handler for DeleteNetwork {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("id", Entity::Network, self.id.uuid())]).await?;
        let (id, now, caller) = (self.id, call.now(), call.caller().clone());
        let event = call.event("NETWORK.DELETE").about("Network", id.uuid());
        let job = JobId::new(Uuid::new_v4());
        call.write(move |tx| {
            network_remove(tx, id, now)?;
            event.record(tx, format!("network {id} was deleted"))?;
            let record = NewJob {
                id: job,
                kind: "network-delete",
                api_command: "deleteNetwork".to_owned(),
                account: caller.account,
                user: caller.user,
                subject: ("Network", id.uuid()),
                input: json!({}),
                steps: &[],
            };
            Ok(job_add_done(tx, &record, &json!({"success": true}), now)?)
        })
        .await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
