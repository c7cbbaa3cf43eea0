//! `createHostAggregate`: records hosts that stand together, without hosts yet. A command of our own.

use hostler_model::{HostAggregateId, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::host_aggregate::{HostAggregateRow, host_aggregate_add};
use hostler_store::reference::Entity;
use uuid::Uuid;

use super::{named, shown};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::aggregate::HOST_AGGREGATE;

api_command! {
    /// Makes a host aggregate: hosts of a zone that stand together under a name.
    pub(crate) struct CreateHostAggregate = "createHostAggregate", synchronous
        .roles(Roles::ADMIN).object("hostaggregate").shape(&HOST_AGGREGATE);

    /// The zone of its hosts.
    zoneid: required uuid<ZoneId> .entity("zone"),
    /// Its name, unique in its zone.
    name: required string,
    /// The availability zone that its hosts are, which deployVirtualMachine can ask for; none without it.
    availabilityzone: optional string,
    /// Tags that its hosts have beside their own, separated by commas; offerings can ask for them.
    hosttags: optional string,
}

impl Handler for CreateHostAggregate {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        call.require(vec![("zoneid", Entity::Zone, self.zoneid.uuid())]).await?;
        let row = HostAggregateRow {
            id: HostAggregateId::new(Uuid::now_v7()),
            zone: self.zoneid,
            name: self.name,
            availability_zone: named(self.availabilityzone),
            tags: self.hosttags.unwrap_or_default(),
            created: call.now(),
        };
        let id = row.id;
        let event = call.event("HOST.AGGREGATE.CREATE").about("HostAggregate", id.uuid());
        call.write(move |tx| {
            host_aggregate_add(tx, &row)?;
            event.record(tx, format!("host aggregate {} was made", row.name))
        })
        .await?;
        shown(call, id).await
    }
}
