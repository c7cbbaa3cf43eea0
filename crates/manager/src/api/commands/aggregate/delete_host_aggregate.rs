//! `deleteHostAggregate`: removes an aggregate; its hosts stay. A command of our own.

use hostler_model::HostAggregateId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::host_aggregate::host_aggregate_remove;
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Deletes a host aggregate. Its hosts stay, without its tags and its availability zone.
    pub(crate) struct DeleteHostAggregate = "deleteHostAggregate", synchronous
        .roles(Roles::ADMIN);

    /// The aggregate.
    id: required uuid<HostAggregateId> .entity("hostaggregate"),
}

impl Handler for DeleteHostAggregate {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let id = self.id;
        call.require(vec![("id", Entity::HostAggregate, id.uuid())]).await?;
        let event = call.event("HOST.AGGREGATE.DELETE").about("HostAggregate", id.uuid());
        call.write(move |tx| {
            host_aggregate_remove(tx, id)?;
            event.record(tx, format!("host aggregate {id} was deleted"))
        })
        .await?;
        Ok(call.success())
    }
}
