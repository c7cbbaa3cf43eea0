//! `updateCluster`: changes what a cluster is called and whether it takes VMs.

use hostler_model::{AllocationState, ClusterId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::cluster::{ClusterRow, ClusterView, cluster_get, cluster_update};
use hostler_store::pod::pod_get;
use hostler_store::reference::Entity;
use hostler_store::zone::zone_get;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::place::{CLUSTER, cluster};

api_command! {
    /// Changes a cluster. VMs that run go on.
    pub(crate) struct UpdateCluster = "updateCluster", synchronous
        .roles(Roles::ADMIN).object("cluster").shape(&CLUSTER);

    /// The cluster.
    id: required uuid<ClusterId> .entity("cluster"),
    /// Its new name, unique in its pod.
    clustername: optional string,
    /// Enabled, or Disabled: its hosts take no new VMs.
    allocationstate: optional choice<AllocationState>,
    /// KVM, as it is.
    hypervisor: optional string,
    /// CloudManaged, as it is.
    clustertype: optional string,
    /// Managed, as it is.
    managedstate: optional string,
}

impl Handler for UpdateCluster {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        for (param, given, only) in [
            ("hypervisor", &self.hypervisor, "KVM"),
            ("clustertype", &self.clustertype, "CloudManaged"),
            ("managedstate", &self.managedstate, "Managed"),
        ] {
            if let Some(other) = given.as_ref().filter(|text| !text.eq_ignore_ascii_case(only)) {
                return Err(call.wrong(param, other, only));
            }
        }
        call.require(vec![("id", Entity::Cluster, self.id.uuid())]).await?;
        let event = call.event("CLUSTER.EDIT").about("Cluster", self.id.uuid());
        let view = call
            .write(move |tx| {
                let row = cluster_get(tx, self.id)?;
                let row = ClusterRow {
                    name: self.clustername.unwrap_or(row.name),
                    allocation_state: self.allocationstate.unwrap_or(row.allocation_state),
                    ..row
                };
                cluster_update(tx, &row)?;
                event.record(tx, format!("cluster {} was changed", row.name))?;
                let (zone, pod) = (zone_get(tx, row.zone)?, pod_get(tx, row.pod)?);
                Ok(ClusterView { row, zone_name: zone.name, pod_name: pod.name })
            })
            .await?;
        Ok(call.object(cluster(&view, None)))
    }
}
