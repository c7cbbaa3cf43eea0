//! `listCapacity`: how much there is of what can be sold, and how much of it is.

use std::cmp::Reverse;

use hostler_model::{ClusterId, PodId, ZoneId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::capacity::{CapacityFilter, CapacityRow, Per, capacities};
use hostler_store::reference::Entity;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::capacity::{CAPACITY, capacity};

api_command! {
    /// Lists how much memory, CPU and storage there is and how much of it is sold, computed at this moment.
    pub(crate) struct ListCapacity = "listCapacity", synchronous
        .roles(Roles::ADMIN_AND_RESOURCE_ADMIN).object("capacity").shape(&CAPACITY).paged();

    /// Of this zone.
    zoneid: optional uuid<ZoneId> .entity("zone"),
    /// Of this pod.
    podid: optional uuid<PodId> .entity("pod"),
    /// Of this cluster.
    clusterid: optional uuid<ClusterId> .entity("cluster"),
    /// 0 memory, 1 CPU, 2 written on storage, 3 given to volumes on shared storage, 9 on hosts' own disks.
    kind "type": optional integer,
    /// usage: the fullest first.
    sortby: optional string,
    /// Accepted: it is always computed at this moment.
    fetchlatest: optional boolean,
}

impl Handler for ListCapacity {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let mut named = Vec::new();
        named.extend(self.zoneid.map(|id| ("zoneid", Entity::Zone, id.uuid())));
        named.extend(self.podid.map(|id| ("podid", Entity::Pod, id.uuid())));
        named.extend(self.clusterid.map(|id| ("clusterid", Entity::Cluster, id.uuid())));
        call.require(named).await?;
        let per = match (self.clusterid, self.podid) {
            (Some(_), _) => Per::Cluster,
            (None, Some(_)) => Per::Pod,
            (None, None) => Per::Zone,
        };
        let filter = CapacityFilter { zone: self.zoneid, pod: self.podid, cluster: self.clusterid };
        let mut rows = call.read(move |tx| Ok(capacities(tx, per, filter)?)).await?;
        rows.retain(|row| self.kind.is_none_or(|kind| i32::from(row.kind) == kind));
        match self.sortby.as_deref() {
            None => {}
            Some(by) if by.eq_ignore_ascii_case("usage") => {
                rows.sort_by_key(|row| Reverse(permille(row)));
            }
            Some(other) => return Err(call.wrong("sortby", other, "usage")),
        }
        let page = call.page()?;
        let count = |n: Option<u64>| n.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
        let shown = rows.iter().skip(count(Some(page.offset))).take(count(page.limit));
        Ok(Answer::list(call.command, rows.len(), shown.map(capacity).collect()))
    }
}

fn permille(row: &CapacityRow) -> u128 {
    u128::from(row.used) * 1000 / u128::from(row.total.max(1))
}
