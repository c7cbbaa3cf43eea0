//! `restartNetwork`: has every host serve a network as it is recorded.

use hostler_model::NetworkId;
use hostler_query_api::{Answer, api_command};
use hostler_store::reference::{Entity, references_not_owned};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::orchestration::network::restart;

api_command! {
    /// Has the hosts serve DHCP and DNS on a network as it is recorded now, to every VM that runs on it: what
    /// updateNetwork has changed, and what somebody has broken on a host. Guests run on undisturbed.
    pub(crate) struct RestartNetwork = "restartNetwork", asynchronous;

    /// The network.
    id: required uuid<NetworkId> .entity("network"),
    /// Whether to begin from nothing. Hosts keep nothing of a network but what is recorded, so it makes no difference.
    cleanup: optional boolean,
    /// Only false: there is no router of which there could be two.
    makeredundant: optional boolean,
}

impl Handler for RestartNetwork {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let sight = call.identity.sight();
        let named = [(Entity::Network, self.id.uuid())];
        let foreign = call.read(move |tx| Ok(references_not_owned(tx, &named, &sight)?)).await?;
        if !foreign.is_empty() {
            return Err(call.unknown("id", self.id));
        }
        if self.makeredundant == Some(true) {
            let expected = "false: hosts serve a network themselves, without a router";
            return Err(call.wrong("makeredundant", "true", expected));
        }
        let job = restart(call.context, call.caller(), self.id).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
