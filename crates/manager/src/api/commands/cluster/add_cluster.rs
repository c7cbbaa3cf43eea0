//! `addCluster`: records a group of hosts, by the parameters that CloudStack has for it.

use hostler_model::{AllocationState, PodId, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};

use super::{Wanted, record};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::place::CLUSTER;

api_command! {
    /// Records a cluster: hosts between which VMs can migrate.
    pub(crate) struct AddCluster = "addCluster", synchronous
        .roles(Roles::ADMIN).object("cluster").shape(&CLUSTER);

    /// Its name, unique in its pod.
    clustername: required string,
    /// Who manages its hosts: CloudManaged.
    clustertype: required string,
    /// KVM.
    hypervisor: required string,
    /// The zone that it is in.
    zoneid: required uuid<ZoneId> .entity("zone"),
    /// The pod that it is in.
    podid: required uuid<PodId> .entity("pod"),
    /// Enabled (the default), or Disabled: it takes no new VMs.
    allocationstate: optional choice<AllocationState>,
}

impl Handler for AddCluster {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        if self.clustertype != "CloudManaged" {
            return Err(call.wrong("clustertype", &self.clustertype, "CloudManaged"));
        }
        let wanted = Wanted {
            name: self.clustername,
            zone: self.zoneid,
            pod: self.podid,
            hypervisor: Some(self.hypervisor),
            allocation_state: self.allocationstate,
        };
        let cluster = record(call, wanted).await?;
        // clients know this answer as a list of one
        Ok(Answer::list(call.command, 1, vec![cluster]))
    }
}
