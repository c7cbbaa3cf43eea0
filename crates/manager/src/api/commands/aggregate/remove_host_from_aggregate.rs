//! `removeHostFromAggregate`: takes a host out of an aggregate. A command of our own.

use hostler_model::{HostAggregateId, HostId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::host_aggregate::host_aggregate_leave;

use super::change_member;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::aggregate::HOST_AGGREGATE;

api_command! {
    /// Takes a host out of an aggregate. VMs that run there go on.
    pub(crate) struct RemoveHostFromAggregate = "removeHostFromAggregate", synchronous
        .roles(Roles::ADMIN).object("hostaggregate").shape(&HOST_AGGREGATE);

    /// The aggregate.
    id: required uuid<HostAggregateId> .entity("hostaggregate"),
    /// The host.
    hostid: required uuid<HostId> .entity("host"),
}

impl Handler for RemoveHostFromAggregate {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        change_member(call, (self.id, self.hostid), host_aggregate_leave, "left").await
    }
}
