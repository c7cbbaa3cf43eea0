//! `listHostAggregates`: hosts that stand together. A command of our own.

use hostler_model::{HostAggregateId, HostId, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::host_aggregate::{HostAggregateFilter, host_aggregate_list};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::aggregate::{HOST_AGGREGATE, host_aggregate};

api_command! {
    /// Lists host aggregates with their hosts.
    pub(crate) struct ListHostAggregates = "listHostAggregates", synchronous
        .roles(Roles::ADMIN_AND_RESOURCE_ADMIN).object("hostaggregate").shape(&HOST_AGGREGATE).paged();

    /// This one.
    id: optional uuid<HostAggregateId> .entity("hostaggregate"),
    /// Those in this zone.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// Those that this host is in.
    hostid: optional uuid<HostId> .entity("host"),
    /// Those that are this availability zone.
    availabilityzone: optional string,
}

impl Handler for ListHostAggregates {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let filter = HostAggregateFilter {
            id: self.id,
            zone: self.zoneid,
            host: self.hostid,
            availability_zone: self.availabilityzone,
            keyword: call.keyword(),
        };
        let page = call.page()?;
        let listed = call.read(move |tx| Ok(host_aggregate_list(tx, &filter, page)?)).await?;
        let id = self.id.map(|id| (Entity::HostAggregate, id.uuid()));
        call.list(listed, id, host_aggregate).await
    }
}
