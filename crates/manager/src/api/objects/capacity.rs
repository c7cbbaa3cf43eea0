//! How much there is of what can be sold, in answers.

use hostler_store::capacity::{CapacityRow, kind};
use serde_json::Value;
use uuid::Uuid;

use super::api_object;

api_object! {
    /// How much there is of one kind at one place.
    CAPACITY = "capacity", capacity(row: &CapacityRow) {
        "type" short "0 memory, 1 CPU, 2 written on storage, 3 given to volumes on shared storage, \
            9 given to volumes on hosts' own disks" => row.kind,
        "name" string "what it is" => name(row.kind),
        "zoneid" string "the zone" => row.zone,
        "zonename" string "that zone's name" => row.zone_name,
        "podid" string "the pod" => row.pod,
        "podname" string "that pod's name" => row.pod_name,
        "clusterid" string "the cluster" => row.cluster,
        "clustername" string "that cluster's name" => row.cluster_name,
        "capacityused" long "sold, or in use: bytes, or MHz" => row.used,
        "capacityallocated" long "sold, or in use: bytes, or MHz" => row.used,
        "capacitytotal" long "all there is, after overcommit" => row.total,
        "percentused" string "the share of it that is used" => percent(row),
    }
}

fn name(number: u16) -> &'static str {
    match number {
        kind::MEMORY => "MEMORY",
        kind::CPU => "CPU",
        kind::STORAGE => "STORAGE",
        kind::STORAGE_ALLOCATED => "STORAGE_ALLOCATED",
        kind::LOCAL_STORAGE => "LOCAL_STORAGE",
        _ => "OTHER",
    }
}

#[allow(clippy::cast_precision_loss)] // for reading only
fn percent(row: &CapacityRow) -> String {
    if row.total == 0 {
        "0".to_owned()
    } else {
        format!("{:.2}", row.used as f64 * 100.0 / row.total as f64)
    }
}

/// What there is at one place, if it was asked for.
pub(crate) fn at(rows: Option<&[CapacityRow]>, place: Uuid) -> Option<Value> {
    rows.map(|rows| rows.iter().filter(|row| row.place() == place).map(capacity).collect())
}
