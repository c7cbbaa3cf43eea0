//! Commands about host aggregates: hosts that stand together under a name, with tags and an availability zone. Commands of our
//! own, after nova's.

use hostler_model::{HostAggregateId, HostId};
use hostler_query_api::Answer;
use hostler_store::host_aggregate::{HostAggregateFilter, host_aggregate_list};
use hostler_store::reference::Entity;
use hostler_store::{Page, StoreError, Tx};

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
    let page = Page::default();
    let found = call.read(move |tx| Ok(host_aggregate_list(tx, &filter, page)?)).await?;
    match found.rows.first() {
        Some(view) => Ok(call.object(host_aggregate(view))),
        None => Err(call.unknown("id", id.uuid())),
    }
}

/// Puts a host into an aggregate, or takes it out, as `change` does it, and answers with the aggregate as it is then.
async fn change_member(
    call: Call<'_>,
    (id, host): (HostAggregateId, HostId),
    change: fn(&Tx<'_>, HostAggregateId, HostId) -> Result<(), StoreError>,
    verb: &'static str,
) -> Result<Answer, Failure> {
    let named =
        vec![("id", Entity::HostAggregate, id.uuid()), ("hostid", Entity::Host, host.uuid())];
    call.require(named).await?;
    let event = call.event("HOST.AGGREGATE.EDIT").about("HostAggregate", id.uuid());
    call.write(move |tx| {
        change(tx, id, host)?;
        event.record(tx, format!("host {host} {verb} host aggregate {id}"))
    })
    .await?;
    shown(call, id).await
}

/// An availability zone's name; an empty one is none.
fn named(availability_zone: Option<String>) -> Option<String> {
    availability_zone.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty())
}
