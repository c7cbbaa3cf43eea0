//! `updateNetwork`: says something anew of a guest network.
//!
//! It answers with a job that is over, as clients expect of this command. Hosts learn of it when a VM on the network
//! starts there: then the host serves the network as it is now, to all its VMs.

use std::net::Ipv4Addr;

use hostler_model::NetworkId;
use hostler_query_api::{Answer, api_command};
use hostler_store::network::{NetworkUpdate, network_get, network_update};
use hostler_store::reference::{Entity, references_not_owned};

use crate::api::call::{Call, Handler};
use crate::api::done::finished;
use crate::api::failure::Failure;
use crate::api::objects::network::NETWORK;

api_command! {
    /// Says something anew of a network. Names are changed at once; what guests are given changes on a host when the
    /// next VM on the network starts there, or the network is restarted.
    pub(crate) struct UpdateNetwork = "updateNetwork", asynchronous .object("network").shape(&NETWORK);

    /// The network.
    id: required uuid<NetworkId> .entity("network"),
    /// Its name.
    name: optional string,
    /// What it is, for people.
    displaytext: optional string,
    /// DNS domain of its guests.
    networkdomain: optional string .max(253),
    /// The resolver that guests are given.
    dns1: optional choice<Ipv4Addr>,
    /// The second resolver that guests are given; with dns1.
    dns2: optional choice<Ipv4Addr>,
    /// Largest packet, in bytes, from 576 to 9000.
    privatemtu: optional integer,
}

impl Handler for UpdateNetwork {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (id, sight) = (self.id, call.identity.sight());
        let named = [(Entity::Network, id.uuid())];
        let foreign = call.read(move |tx| Ok(references_not_owned(tx, &named, &sight)?)).await?;
        if !foreign.is_empty() {
            return Err(call.unknown("id", id));
        }
        let update = self.update(call)?;
        let job = finished(call, "Network", id.uuid()).showing("network", id.uuid());
        let (event, job_id) = (call.event("NETWORK.UPDATE").about("Network", id.uuid()), job.id());
        call.write(move |tx| {
            let before = network_get(tx, id)?;
            network_update(tx, id, &update)?;
            event.record(tx, format!("network {} was changed", before.name))?;
            job.record(tx)
        })
        .await?;
        Ok(Answer::job(call.command, None, job_id))
    }
}

impl UpdateNetwork {
    fn update(self, call: Call<'_>) -> Result<NetworkUpdate, Failure> {
        if self.name.as_ref().is_some_and(|name| name.trim().is_empty()) {
            return Err(call.wrong("name", "", "some text"));
        }
        let network_domain = call.dns_domain("networkdomain", self.networkdomain)?;
        if let Some(second) = self.dns2.filter(|_| self.dns1.is_none()) {
            return Err(call.wrong("dns2", &second.to_string(), "dns1 beside it"));
        }
        let mtu = match self.privatemtu {
            None => None,
            Some(mtu @ 576..=9000) => Some(mtu.unsigned_abs()),
            Some(odd) => {
                return Err(call.wrong(
                    "privatemtu",
                    &odd.to_string(),
                    "a number from 576 to 9000",
                ));
            }
        };
        let dns: Vec<Ipv4Addr> = [self.dns1, self.dns2].into_iter().flatten().collect();
        Ok(NetworkUpdate {
            name: self.name,
            display_text: self.displaytext,
            network_domain,
            dns: Some(dns).filter(|dns| !dns.is_empty()),
            mtu,
        })
    }
}
