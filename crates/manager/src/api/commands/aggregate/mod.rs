//! Commands about host aggregates: hosts that stand together under a name, with tags and an availability zone. Commands of our
//! own, after nova's.

use hostler_model::HostAggregateId;
use hostler_query_api::Answer;
use hostler_store::host_aggregate::{HostAggregateFilter, host_aggregate_list};

use super::{Entry, known};
use crate::api::call::Call;
use crate::api::failure::Failure;
use crate::api::objects::aggregate::host_aggregate;

mod add_host_to_aggregate;
mod create_host_aggregate;
mod delete_host_aggregate;
mod list_host_aggregates;
mod remove_host_from_aggregate;
mod update_host_aggregate;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<add_host_to_aggregate::AddHostToAggregate>(),
    known::<create_host_aggregate::CreateHostAggregate>(),
    known::<delete_host_aggregate::DeleteHostAggregate>(),
    known::<list_host_aggregates::ListHostAggregates>(),
    known::<remove_host_from_aggregate::RemoveHostFromAggregate>(),
    known::<update_host_aggregate::UpdateHostAggregate>(),
];

/// Answers with an aggregate as it is now.
async fn shown(call: Call<'_>, id: HostAggregateId) -> Result<Answer, Failure> {
    let filter = HostAggregateFilter { id: Some(id), ..HostAggregateFilter::default() };
    let page = hostler_store::Page::default();
    let found = call.read(move |tx| Ok(host_aggregate_list(tx, &filter, page)?)).await?;
    match found.rows.first() {
        Some(view) => Ok(call.object(host_aggregate(view))),
        None => Err(call.unknown("id", id.uuid())),
    }
}

/// An availability zone's name; an empty one is none.
fn named(availability_zone: Option<String>) -> Option<String> {
    availability_zone.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty())
}
