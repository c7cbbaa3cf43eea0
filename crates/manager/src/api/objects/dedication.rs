//! Dedications in answers: one object for each kind of place, which differ in what they call it.

use hostler_model::DedicatedKind;
use hostler_store::dedication::DedicationView;

use super::api_object;

api_object! {
    /// A zone that is kept for somebody.
    DEDICATED_ZONE = "DedicateZoneResponse", dedicated_zone(view: &DedicationView) {
        "id" string "id of the dedication" => view.row.id,
        "zoneid" string "the zone" => view.row.resource,
        "zonename" string "its name" => view.name,
        "domainid" string "the domain for which it is kept" => view.row.domain,
        "domainpath" string "that domain's path" => view.domain_path,
        "accountid" string "the account in it, if it is kept for that one only" => view.row.account,
        "accountname" string "that account's name" => view.account_name,
    }
}

api_object! {
    /// A pod that is kept for somebody.
    DEDICATED_POD = "DedicatePodResponse", dedicated_pod(view: &DedicationView) {
        "id" string "id of the dedication" => view.row.id,
        "podid" string "the pod" => view.row.resource,
        "podname" string "its name" => view.name,
        "domainid" string "the domain for which it is kept" => view.row.domain,
        "domainpath" string "that domain's path" => view.domain_path,
        "accountid" string "the account in it, if it is kept for that one only" => view.row.account,
        "accountname" string "that account's name" => view.account_name,
    }
}

api_object! {
    /// A cluster that is kept for somebody.
    DEDICATED_CLUSTER = "DedicateClusterResponse", dedicated_cluster(view: &DedicationView) {
        "id" string "id of the dedication" => view.row.id,
        "clusterid" string "the cluster" => view.row.resource,
        "clustername" string "its name" => view.name,
        "domainid" string "the domain for which it is kept" => view.row.domain,
        "domainpath" string "that domain's path" => view.domain_path,
        "accountid" string "the account in it, if it is kept for that one only" => view.row.account,
        "accountname" string "that account's name" => view.account_name,
    }
}

api_object! {
    /// A host that is kept for somebody.
    DEDICATED_HOST = "DedicateHostResponse", dedicated_host(view: &DedicationView) {
        "id" string "id of the dedication" => view.row.id,
        "hostid" string "the host" => view.row.resource,
        "hostname" string "its name" => view.name,
        "domainid" string "the domain for which it is kept" => view.row.domain,
        "domainpath" string "that domain's path" => view.domain_path,
        "accountid" string "the account in it, if it is kept for that one only" => view.row.account,
        "accountname" string "that account's name" => view.account_name,
    }
}

/// A place that is kept for somebody, by its kind.
pub(crate) fn dedicated(view: &DedicationView) -> serde_json::Value {
    match view.row.kind {
        DedicatedKind::Zone => dedicated_zone(view),
        DedicatedKind::Pod => dedicated_pod(view),
        DedicatedKind::Cluster => dedicated_cluster(view),
        DedicatedKind::Host => dedicated_host(view),
    }
}
