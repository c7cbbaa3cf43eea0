//! `listDedicatedZones`, `listDedicatedPods`, `listDedicatedClusters`, `listDedicatedHosts`: what is kept for whom.

use hostler_model::{ClusterId, DedicatedKind, DomainId, HostId, PodId, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};

use super::{Place, Tenant, list_places};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::dedication::{
    DEDICATED_CLUSTER, DEDICATED_HOST, DEDICATED_POD, DEDICATED_ZONE,
};

api_command! {
    /// Lists the zones that are kept for a domain or an account.
    pub(crate) struct ListDedicatedZones = "listDedicatedZones", synchronous
        .roles(Roles::ADMIN).object("dedicatedzone").shape(&DEDICATED_ZONE).paged();

    /// This zone.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// Those kept for this domain.
    domainid: optional uuid<DomainId> .entity("domain"),
    /// Those kept for the account of this name in that domain.
    account: optional string,
}

impl Handler for ListDedicatedZones {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let place = Place { kind: DedicatedKind::Zone, id: self.zoneid.map(ZoneId::uuid) };
        list_places(call, place, Tenant { domain: self.domainid, account: self.account }).await
    }
}

api_command! {
    /// Lists the pods that are kept for a domain or an account.
    pub(crate) struct ListDedicatedPods = "listDedicatedPods", synchronous
        .roles(Roles::ADMIN).object("dedicatedpod").shape(&DEDICATED_POD).paged();

    /// This pod.
    podid: optional uuid<PodId> .entity("pod"),
    /// Those kept for this domain.
    domainid: optional uuid<DomainId> .entity("domain"),
    /// Those kept for the account of this name in that domain.
    account: optional string,
}

impl Handler for ListDedicatedPods {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let place = Place { kind: DedicatedKind::Pod, id: self.podid.map(PodId::uuid) };
        list_places(call, place, Tenant { domain: self.domainid, account: self.account }).await
    }
}

api_command! {
    /// Lists the clusters that are kept for a domain or an account.
    pub(crate) struct ListDedicatedClusters = "listDedicatedClusters", synchronous
        .roles(Roles::ADMIN).object("dedicatedcluster").shape(&DEDICATED_CLUSTER).paged();

    /// This cluster.
    clusterid: optional uuid<ClusterId> .entity("cluster"),
    /// Those kept for this domain.
    domainid: optional uuid<DomainId> .entity("domain"),
    /// Those kept for the account of this name in that domain.
    account: optional string,
}

impl Handler for ListDedicatedClusters {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let place = Place { kind: DedicatedKind::Cluster, id: self.clusterid.map(ClusterId::uuid) };
        list_places(call, place, Tenant { domain: self.domainid, account: self.account }).await
    }
}

api_command! {
    /// Lists the hosts that are kept for a domain or an account.
    pub(crate) struct ListDedicatedHosts = "listDedicatedHosts", synchronous
        .roles(Roles::ADMIN).object("dedicatedhost").shape(&DEDICATED_HOST).paged();

    /// This host.
    hostid: optional uuid<HostId> .entity("host"),
    /// Those kept for this domain.
    domainid: optional uuid<DomainId> .entity("domain"),
    /// Those kept for the account of this name in that domain.
    account: optional string,
}

impl Handler for ListDedicatedHosts {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let place = Place { kind: DedicatedKind::Host, id: self.hostid.map(HostId::uuid) };
        list_places(call, place, Tenant { domain: self.domainid, account: self.account }).await
    }
}
