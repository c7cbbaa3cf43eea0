//! `dedicateZone`, `dedicatePod`, `dedicateCluster`, `dedicateHost`: keep a place for a domain or an account.
//!
//! Each answers with a job that is over, as clients expect of these commands; there is nothing to wait for.

use hostler_model::{ClusterId, DedicatedKind, DomainId, HostId, PodId, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};

use super::{Place, Tenant, dedicate_place};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Keeps a zone, with all that is in it for a domain or an account: nobody else's VMs are placed there.
    pub(crate) struct DedicateZone = "dedicateZone", asynchronous .roles(Roles::ADMIN);

    /// The zone.
    zoneid: required uuid<ZoneId> .entity("zone"),
    /// The domain for which it is kept, with those below it.
    domainid: required uuid<DomainId> .entity("domain"),
    /// Name of an account in that domain, if it is to be kept for that one only.
    account: optional string,
}

impl Handler for DedicateZone {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let place = Place { kind: DedicatedKind::Zone, id: self.zoneid.uuid() };
        dedicate_place(call, place, Tenant { domain: self.domainid, account: self.account }).await
    }
}

api_command! {
    /// Keeps a pod, with all that is in it for a domain or an account: nobody else's VMs are placed there.
    pub(crate) struct DedicatePod = "dedicatePod", asynchronous .roles(Roles::ADMIN);

    /// The pod.
    podid: required uuid<PodId> .entity("pod"),
    /// The domain for which it is kept, with those below it.
    domainid: required uuid<DomainId> .entity("domain"),
    /// Name of an account in that domain, if it is to be kept for that one only.
    account: optional string,
}

impl Handler for DedicatePod {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let place = Place { kind: DedicatedKind::Pod, id: self.podid.uuid() };
        dedicate_place(call, place, Tenant { domain: self.domainid, account: self.account }).await
    }
}

api_command! {
    /// Keeps a cluster, with its hosts for a domain or an account: nobody else's VMs are placed there.
    pub(crate) struct DedicateCluster = "dedicateCluster", asynchronous .roles(Roles::ADMIN);

    /// The cluster.
    clusterid: required uuid<ClusterId> .entity("cluster"),
    /// The domain for which it is kept, with those below it.
    domainid: required uuid<DomainId> .entity("domain"),
    /// Name of an account in that domain, if it is to be kept for that one only.
    account: optional string,
}

impl Handler for DedicateCluster {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let place = Place { kind: DedicatedKind::Cluster, id: self.clusterid.uuid() };
        dedicate_place(call, place, Tenant { domain: self.domainid, account: self.account }).await
    }
}

api_command! {
    /// Keeps a host for a domain or an account: nobody else's VMs are placed there.
    pub(crate) struct DedicateHost = "dedicateHost", asynchronous .roles(Roles::ADMIN);

    /// The host.
    hostid: required uuid<HostId> .entity("host"),
    /// The domain for which it is kept, with those below it.
    domainid: required uuid<DomainId> .entity("domain"),
    /// Name of an account in that domain, if it is to be kept for that one only.
    account: optional string,
}

impl Handler for DedicateHost {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let place = Place { kind: DedicatedKind::Host, id: self.hostid.uuid() };
        dedicate_place(call, place, Tenant { domain: self.domainid, account: self.account }).await
    }
}
