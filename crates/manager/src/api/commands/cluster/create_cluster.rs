//! `createCluster`: records a group of hosts, in the manner of `createZone` and `createPod`.

use hostler_model::{AllocationState, PodId, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};

use super::{Wanted, record};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::place::CLUSTER;

api_command! {
    /// Records a cluster: hosts between which VMs can migrate.
    pub(crate) struct CreateCluster = "createCluster", synchronous
        .roles(Roles::ADMIN).object("cluster").shape(&CLUSTER);

    /// Its name, unique in its pod.
    name: required string,
    /// The zone that it is in.
    zoneid: required uuid<ZoneId> .entity("zone"),
    /// The pod that it is in.
    podid: required uuid<PodId> .entity("pod"),
    /// KVM, which is the default.
    hypervisor: optional string,
    /// Enabled (the default), or Disabled: it takes no new VMs.
    allocationstate: optional choice<AllocationState>,
}

impl Handler for CreateCluster {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let wanted = Wanted {
            name: self.name,
            zone: self.zoneid,
            pod: self.podid,
            hypervisor: self.hypervisor,
            allocation_state: self.allocationstate,
        };
        Ok(call.object(record(call, wanted).await?))
    }
}
