//! `updateHostAggregate`: changes what an aggregate is called, its availability zone and its tags. A command of our own.

use hostler_model::HostAggregateId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::host_aggregate::{HostAggregateRow, host_aggregate_change, host_aggregate_get};
use hostler_store::reference::Entity;

use super::{named, shown};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::aggregate::HOST_AGGREGATE;

api_command! {
    /// Changes a host aggregate. VMs that run go on where they are.
    pub(crate) struct UpdateHostAggregate = "updateHostAggregate", synchronous
        .roles(Roles::ADMIN).object("hostaggregate").shape(&HOST_AGGREGATE);

    /// The aggregate.
    id: required uuid<HostAggregateId> .entity("hostaggregate"),
    /// Its new name, unique in its zone.
    name: optional string,
    /// Its new availability zone; an empty one takes it away.
    availabilityzone: optional string,
    /// Its new tags, separated by commas; an empty text takes them away.
    hosttags: optional string,
}

impl Handler for UpdateHostAggregate {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let id = self.id;
        call.require(vec![("id", Entity::HostAggregate, id.uuid())]).await?;
        let event = call.event("HOST.AGGREGATE.EDIT").about("HostAggregate", id.uuid());
        call.write(move |tx| {
            let row = host_aggregate_get(tx, id)?;
            let availability_zone = match self.availabilityzone {
                None => row.availability_zone,
                given => named(given),
            };
            let row = HostAggregateRow {
                name: self.name.unwrap_or(row.name),
                tags: self.hosttags.unwrap_or(row.tags),
                availability_zone,
                ..row
            };
            host_aggregate_change(tx, &row)?;
            event.record(tx, format!("host aggregate {} was changed", row.name))
        })
        .await?;
        shown(call, id).await
    }
}
