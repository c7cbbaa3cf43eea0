//! `addHost`: makes a machine a host of the cloud, over SSH, and waits until it is Up.
//!
//! Everything that can be wrong with the request is said before any machine is touched.

use hostler_model::{AllocationState, ClusterId, PodId, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::Tx;
use hostler_store::cluster::{ClusterRow, cluster_by_name, cluster_get};
use hostler_store::host_view::host_view;
use hostler_store::pod::pod_get;
use hostler_store::reference::Entity;
use hostler_store::zone::zone_get;

use super::login::{Login, failure_of};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::host::{HOST, host};
use crate::onboarding::AddHostRequest;

api_command! {
    /// Makes a machine a host: logs in over SSH, installs the agent, and waits until it is Up.
    pub(crate) struct AddHost = "addHost", synchronous
        .roles(Roles::ADMIN_AND_RESOURCE_ADMIN).object("host").shape(&HOST);

    /// The zone that it is in.
    zoneid: required uuid<ZoneId> .entity("zone"),
    /// The pod that it is in.
    podid: required uuid<PodId> .entity("pod"),
    /// The cluster that it joins; or clustername.
    clusterid: optional uuid<ClusterId> .entity("cluster"),
    /// Name of the cluster that it joins; or clusterid.
    clustername: optional string,
    /// KVM.
    hypervisor: required string,
    /// Its name or address: http://10.0.0.7, kvm-1, or root@kvm-1:22.
    url: required string .max(1024),
    /// Who logs in: root, which is the default, or someone who may use sudo without a password.
    username: optional string,
    /// Their password; or privatekey. It is used and forgotten.
    password: optional string .max(1024),
    /// Their private SSH key; or password. It is used and forgotten.
    privatekey: optional string .max(65536),
    /// Tags of the host.
    hosttags: optional list<String>,
    /// Enabled (the default), or Disabled: it takes no VMs.
    allocationstate: optional choice<AllocationState>,
}

impl Handler for AddHost {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        if !self.hypervisor.eq_ignore_ascii_case("KVM") {
            return Err(call.wrong("hypervisor", &self.hypervisor, "KVM"));
        }
        let login = Login {
            user: self.username.as_deref(),
            password: self.password.as_deref(),
            key: self.privatekey.as_deref(),
        };
        let access = login.at(&self.url)?;
        let cluster = self.cluster(call).await?;
        let request = AddHostRequest {
            zone: self.zoneid,
            pod: self.podid,
            cluster: cluster.id,
            hypervisor: cluster.hypervisor,
            access,
            known: None,
            tags: self.hosttags.map(|tags| tags.join(",")),
            admin_state: self.allocationstate.unwrap_or(AllocationState::Enabled),
            guest_device: None,
            private_device: None,
            public_device: None,
            caller: Some((call.caller().account, call.caller().user)),
        };
        let added = call.context.onboarding.add_host(request).await.map_err(|e| failure_of(&e))?;
        let view = call.read(move |tx| Ok(host_view(tx, added.host)?)).await?;
        // clients know this answer as a list of one
        Ok(Answer::list(call.command, 1, vec![host(&view)]))
    }
}

impl AddHost {
    /// The cluster that is meant, in its place in the hierarchy.
    async fn cluster(&self, call: Call<'_>) -> Result<ClusterRow, Failure> {
        let mut named = vec![
            ("zoneid", Entity::Zone, self.zoneid.uuid()),
            ("podid", Entity::Pod, self.podid.uuid()),
        ];
        named.extend(self.clusterid.map(|id| ("clusterid", Entity::Cluster, id.uuid())));
        call.require(named).await?;
        let (zone, pod) = (self.zoneid, self.podid);
        let wanted = match (self.clusterid, self.clustername.clone()) {
            (Some(id), None) => Wanted::Id(id),
            (None, Some(name)) => Wanted::Name(name),
            (None, None) => {
                let text = "clusterid and clustername are both missing; give one of them";
                return Err(Failure::invalid(text));
            }
            (Some(_), Some(_)) => {
                let text = "clusterid and clustername are both given; give one of them";
                return Err(Failure::invalid(text));
            }
        };
        call.read(move |tx| cluster_in(tx, zone, pod, wanted)).await
    }
}

enum Wanted {
    Id(ClusterId),
    Name(String),
}

fn cluster_in(
    tx: &Tx<'_>,
    zone: ZoneId,
    pod: PodId,
    wanted: Wanted,
) -> Result<ClusterRow, Failure> {
    let (zone, pod) = (zone_get(tx, zone)?, pod_get(tx, pod)?);
    if pod.zone != zone.id {
        return Err(Failure::invalid(format!(
            "podid: pod {} is not in zone {}; name the zone that it is in",
            pod.name, zone.name
        )));
    }
    let cluster = match wanted {
        Wanted::Id(id) => cluster_get(tx, id)?,
        Wanted::Name(name) => cluster_by_name(tx, pod.id, &name)?.ok_or_else(|| {
            Failure::invalid(format!(
                "clustername: pod {} has no cluster named {name}; make it with addCluster",
                pod.name
            ))
        })?,
    };
    if cluster.pod != pod.id {
        return Err(Failure::invalid(format!(
            "clusterid: cluster {} is not in pod {}; name the pod that it is in",
            cluster.name, pod.name
        )));
    }
    Ok(cluster)
}
