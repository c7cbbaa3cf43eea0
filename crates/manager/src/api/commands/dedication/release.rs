//! `releaseDedicatedZone`, `releaseDedicatedPod`, `releaseDedicatedCluster`, `releaseDedicatedHost`: keep a place for nobody
//! any more.
//!
//! Each answers with a job that is over, as clients expect of these commands; there is nothing to wait for.

use hostler_model::{ClusterId, DedicatedKind, HostId, PodId, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};

use super::{Place, release_place};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Ends that a zone is kept for somebody. VMs that run there go on.
    pub(crate) struct ReleaseDedicatedZone = "releaseDedicatedZone", asynchronous .roles(Roles::ADMIN);

    /// The zone.
    zoneid: required uuid<ZoneId> .entity("zone"),
}

impl Handler for ReleaseDedicatedZone {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        release_place(call, Place { kind: DedicatedKind::Zone, id: self.zoneid.uuid() }).await
    }
}

api_command! {
    /// Ends that a pod is kept for somebody. VMs that run there go on.
    pub(crate) struct ReleaseDedicatedPod = "releaseDedicatedPod", asynchronous .roles(Roles::ADMIN);

    /// The pod.
    podid: required uuid<PodId> .entity("pod"),
}

impl Handler for ReleaseDedicatedPod {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        release_place(call, Place { kind: DedicatedKind::Pod, id: self.podid.uuid() }).await
    }
}

api_command! {
    /// Ends that a cluster is kept for somebody. VMs that run there go on.
    pub(crate) struct ReleaseDedicatedCluster = "releaseDedicatedCluster", asynchronous .roles(Roles::ADMIN);

    /// The cluster.
    clusterid: required uuid<ClusterId> .entity("cluster"),
}

impl Handler for ReleaseDedicatedCluster {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        release_place(call, Place { kind: DedicatedKind::Cluster, id: self.clusterid.uuid() }).await
    }
}

api_command! {
    /// Ends that a host is kept for somebody. VMs that run there go on.
    pub(crate) struct ReleaseDedicatedHost = "releaseDedicatedHost", asynchronous .roles(Roles::ADMIN);

    /// The host.
    hostid: required uuid<HostId> .entity("host"),
}

impl Handler for ReleaseDedicatedHost {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        release_place(call, Place { kind: DedicatedKind::Host, id: self.hostid.uuid() }).await
    }
}
