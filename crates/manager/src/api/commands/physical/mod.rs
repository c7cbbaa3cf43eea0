//! Commands about physical networks, their traffic and providers, and ranges of addresses.
//!
//! Most of them are records: nothing is done on hosts. Clients expect jobs of some; those are over at once.

use hostler_model::JobId;
use hostler_store::Tx;
use hostler_store::job::{NewJob, job_add_done};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Entry, known};
use crate::api::call::Call;
use crate::api::failure::Failure;

mod add_traffic_type;
mod create_physical_network;
mod create_vlan_ip_range;
mod delete_physical_network;
mod delete_traffic_type;
mod delete_vlan_ip_range;
mod list_network_service_providers;
mod list_physical_networks;
mod list_traffic_types;
mod list_vlan_ip_ranges;
mod update_network_service_provider;
mod update_physical_network;
mod update_traffic_type;

/// Something that is changed at once, and that clients expect a job of.
pub(super) struct Change {
    /// The job's kind.
    pub(super) kind: &'static str,
    /// What it is about.
    pub(super) subject: (&'static str, Uuid),
    /// The kind of the event.
    pub(super) event: &'static str,
}

/// Makes a change and records a job that is over. `work` says what was done, and what the job shows.
pub(super) async fn at_once(
    call: Call<'_>,
    change: Change,
    work: impl FnOnce(&Tx<'_>) -> Result<(String, Value), Failure> + Send + 'static,
) -> Result<JobId, Failure> {
    let (now, caller, id) = (call.now(), call.caller().clone(), JobId::new(Uuid::new_v4()));
    let event = call.event(change.event).about(change.subject.0, change.subject.1);
    let api_command = call.command.name.to_owned();
    call.write(move |tx| {
        let (said, result) = work(tx)?;
        event.record(tx, said)?;
        let job = NewJob {
            id,
            kind: change.kind,
            api_command,
            account: caller.account,
            user: caller.user,
            subject: change.subject,
            input: json!({}),
            steps: &[],
        };
        job_add_done(tx, &job, &result, now)?;
        Ok(id)
    })
    .await
}

/// Whether a request says Enabled or Disabled.
fn enabled(call: Call<'_>, state: Option<&str>) -> Result<Option<bool>, Failure> {
    match state {
        None => Ok(None),
        Some(state) if state.eq_ignore_ascii_case("enabled") => Ok(Some(true)),
        Some(state) if state.eq_ignore_ascii_case("disabled") => Ok(Some(false)),
        Some(other) => Err(call.wrong("state", other, "Enabled or Disabled")),
    }
}

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<add_traffic_type::AddTrafficType>(),
    known::<create_physical_network::CreatePhysicalNetwork>(),
    known::<create_vlan_ip_range::CreateVlanIpRange>(),
    known::<delete_physical_network::DeletePhysicalNetwork>(),
    known::<delete_traffic_type::DeleteTrafficType>(),
    known::<delete_vlan_ip_range::DeleteVlanIpRange>(),
    known::<list_network_service_providers::ListNetworkServiceProviders>(),
    known::<list_physical_networks::ListPhysicalNetworks>(),
    known::<list_traffic_types::ListTrafficTypes>(),
    known::<list_vlan_ip_ranges::ListVlanIpRanges>(),
    known::<update_network_service_provider::UpdateNetworkServiceProvider>(),
    known::<update_physical_network::UpdatePhysicalNetwork>(),
    known::<update_traffic_type::UpdateTrafficType>(),
];
