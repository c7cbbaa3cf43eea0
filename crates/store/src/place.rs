//! Where a host belongs, looked up by what people and agents write: an id or a name.
//!
//! Not here: zones, pods and clusters themselves (`zone`, `pod`, `cluster`).

use hostler_model::{ClusterId, PodId, ZoneId};
use rusqlite::params;

use crate::{StoreError, Tx, columns::parsed};

/// A place, with what is needed to decide whether a host fits there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The zone.
    pub zone: ZoneId,
    /// The pod; nothing for what belongs to a whole zone.
    pub pod: Option<PodId>,
    /// The cluster; nothing for what belongs to a whole zone.
    pub cluster: Option<ClusterId>,
    /// The hypervisor of the cluster, for instance `KVM`.
    pub hypervisor: Option<String>,
}

/// No such place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no {kind} {name:?}{within}")]
pub struct UnknownPlace {
    /// `zone`, `pod` or `cluster`.
    pub kind: &'static str,
    /// What was asked for.
    pub name: String,
    /// Where it was looked for, beginning with a space; empty for zones.
    pub within: String,
}

/// Finds zone, pod and cluster by id or name. An empty pod or cluster is none; an empty zone is the oldest.
///
/// # Errors
/// [`StoreError::Sqlite`]; the inner error names the first that does not exist.
pub fn place_find(
    tx: &Tx<'_>,
    zone: &str,
    pod: &str,
    cluster: &str,
) -> Result<Result<Place, UnknownPlace>, StoreError> {
    let unknown = |kind, name: &str, within: String| {
        Ok(Err(UnknownPlace { kind, name: name.to_owned(), within }))
    };
    let found = tx.row(
        "look up a zone",
        "SELECT id FROM zone WHERE removed IS NULL AND (id = lower(?1) OR name = ?1 OR ?1 = '')
         ORDER BY id = lower(?1) DESC, created",
        params![zone],
        |row| parsed::<ZoneId>(row, "id"),
    )?;
    let Some(zone_id) = found else { return unknown("zone", zone, String::new()) };
    let mut place = Place { zone: zone_id, pod: None, cluster: None, hypervisor: None };
    if pod.is_empty() {
        return Ok(Ok(place));
    }
    let found = tx.row(
        "look up a pod",
        "SELECT id FROM pod WHERE removed IS NULL AND zone = ?1 AND (id = lower(?2) OR name = ?2)
         ORDER BY id = lower(?2) DESC",
        params![zone_id.to_string(), pod],
        |row| parsed::<PodId>(row, "id"),
    )?;
    let Some(pod_id) = found else { return unknown("pod", pod, format!(" in zone {zone:?}")) };
    place.pod = Some(pod_id);
    if cluster.is_empty() {
        return Ok(Ok(place));
    }
    let found = tx.row(
        "look up a cluster",
        "SELECT id, hypervisor FROM cluster WHERE removed IS NULL AND pod = ?1 AND (id = lower(?2) OR name = ?2)
         ORDER BY id = lower(?2) DESC",
        params![pod_id.to_string(), cluster],
        |row| Ok((parsed::<ClusterId>(row, "id")?, row.get::<_, String>("hypervisor")?)),
    )?;
    let Some((cluster_id, hypervisor)) = found else {
        return unknown("cluster", cluster, format!(" in pod {pod:?}"));
    };
    place.cluster = Some(cluster_id);
    place.hypervisor = Some(hypervisor);
    Ok(Ok(place))
}
