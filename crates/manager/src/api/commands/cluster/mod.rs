//! Commands about clusters.

use super::{Entry, known};

mod add_cluster;
mod create_cluster;
mod delete_cluster;
mod list_clusters;
mod update_cluster;

use hostler_model::{AllocationState, ClusterId, PodId, ZoneId};
use hostler_store::cluster::{ClusterRow, ClusterView, cluster_add, cluster_by_name};
use hostler_store::pod::pod_get;
use hostler_store::reference::Entity;
use hostler_store::zone::zone_get;
use serde_json::Value;
use uuid::Uuid;

use super::super::call::Call;
use super::super::failure::Failure;
use super::super::objects::place::cluster;
use crate::settings::{CPU_FACTOR, MEMORY_FACTOR};

/// A cluster that is wanted.
struct Wanted {
    name: String,
    zone: ZoneId,
    pod: PodId,
    hypervisor: Option<String>,
    allocation_state: Option<AllocationState>,
}

/// Records a cluster and renders it.
async fn record(call: Call<'_>, wanted: Wanted) -> Result<Value, Failure> {
    if let Some(other) = wanted.hypervisor.filter(|h| !h.eq_ignore_ascii_case("KVM")) {
        return Err(call.wrong("hypervisor", &other, "KVM"));
    }
    call.require(vec![
        ("zoneid", Entity::Zone, wanted.zone.uuid()),
        ("podid", Entity::Pod, wanted.pod.uuid()),
    ])
    .await?;
    let row = ClusterRow {
        id: ClusterId::new(Uuid::new_v4()),
        zone: wanted.zone,
        pod: wanted.pod,
        name: wanted.name,
        hypervisor: "KVM".to_owned(),
        allocation_state: wanted.allocation_state.unwrap_or(AllocationState::Enabled),
        cpu_ratio: call.context.settings.ratio(&CPU_FACTOR),
        memory_ratio: call.context.settings.ratio(&MEMORY_FACTOR),
        created: call.now(),
    };
    let event = call.event("CLUSTER.CREATE").about("Cluster", row.id.uuid());
    let view = call
        .write(move |tx| {
            let (zone, pod) = (zone_get(tx, row.zone)?, pod_get(tx, row.pod)?);
            if pod.zone != row.zone {
                return Err(Failure::invalid(format!(
                    "podid: pod {} is not in zone {}; name the zone that it is in",
                    pod.name, zone.name
                )));
            }
            if cluster_by_name(tx, row.pod, &row.name)?.is_some() {
                return Err(Failure::invalid(format!(
                    "pod {} has a cluster named {} already; choose another name",
                    pod.name, row.name
                )));
            }
            cluster_add(tx, &row)?;
            event.record(tx, format!("cluster {} was made in pod {}", row.name, pod.name))?;
            Ok(ClusterView { row, zone_name: zone.name, pod_name: pod.name })
        })
        .await?;
    Ok(cluster(&view, None))
}

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<add_cluster::AddCluster>(),
    known::<create_cluster::CreateCluster>(),
    known::<delete_cluster::DeleteCluster>(),
    known::<list_clusters::ListClusters>(),
    known::<update_cluster::UpdateCluster>(),
];
