//! `startVirtualMachine`: has a VM run.

use hostler_model::{ClusterId, HostId, PodId, VmId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;

use super::rehearsed;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::vm::VM;
use crate::orchestration::vm::{Placing, rehearse_start, start};

api_command! {
    /// Starts a VM that is stopped.
    pub(crate) struct StartVirtualMachine = "startVirtualMachine", asynchronous.object("virtualmachine").shape(&VM);

    /// The VM.
    id: required uuid<VmId> .entity("virtualmachine"),
    /// The host that it is to run on.
    hostid: optional uuid<HostId> .entity("host").roles(Roles::ADMIN),
    /// The cluster that it is to run in.
    clusterid: optional uuid<ClusterId> .entity("cluster").roles(Roles::ADMIN),
    /// The pod that it is to run in.
    podid: optional uuid<PodId> .entity("pod").roles(Roles::ADMIN),
    /// Whether to say only what would be done, and do nothing.
    dryrun: optional boolean,
}

impl Handler for StartVirtualMachine {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let mut named = vec![("id", Entity::Vm, self.id.uuid())];
        named.extend(self.hostid.map(|id| ("hostid", Entity::Host, id.uuid())));
        named.extend(self.clusterid.map(|id| ("clusterid", Entity::Cluster, id.uuid())));
        named.extend(self.podid.map(|id| ("podid", Entity::Pod, id.uuid())));
        call.require(named).await?;
        let placing = Placing { host: self.hostid, cluster: self.clusterid, pod: self.podid };
        if self.dryrun == Some(true) {
            let seen = rehearse_start(call.context, call.caller(), self.id, placing).await?;
            return Ok(rehearsed(call, seen));
        }
        let job = start(call.context, call.caller(), self.id, placing).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
