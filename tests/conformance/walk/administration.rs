//! What an administrator changes of zones, pods, clusters, hosts and storage pools.

use crate::answers::{Witness, id};

pub(crate) async fn all(w: &mut Witness) {
    for (list, key, update, params) in [
        ("listZones", "zone", "updateZone", &[("domain", "z.internal")][..]),
        ("listPods", "pod", "updatePod", &[("allocationstate", "Enabled")]),
        ("listClusters", "cluster", "updateCluster", &[("clustername", "c1")]),
        ("listStoragePools", "storagepool", "updateStoragePool", &[("tags", "ssd")]),
    ] {
        let all = w.call(list, &[("showcapacities", "true")]).await;
        let thing = id(&all, key);
        w.call(update, &[&[("id", thing.as_str())], params].concat()).await;
    }
    let host = id(&w.call("listHosts", &[("type", "Routing")]).await, "host");
    w.call("updateHost", &[("id", &host), ("hosttags", "fast")]).await;
    for list in [
        "listAlertTypes",
        "listAlerts",
        "listAnnotations",
        "listCapacity",
        "listEventTypes",
        "listHypervisors",
        "listImageStores",
        "listRouters",
        "listSystemVms",
    ] {
        w.call(list, &[]).await;
    }
    w.call("listStorageProviders", &[("type", "primary")]).await;
    w.call("archiveEvents", &[("type", "ZONE.EDIT")]).await;
    let pools = w.call("listStoragePools", &[]).await;
    let vms = w.call("listVirtualMachines", &[("state", "Running")]).await;
    for vm in vms["virtualmachine"].as_array().into_iter().flatten() {
        let answer = w.call("stopVirtualMachine", &[("id", vm["id"].as_str().unwrap())]).await;
        w.job(&answer).await;
    }
    for command in ["enableStorageMaintenance", "cancelStorageMaintenance"] {
        let answer = w.call(command, &[("id", &id(&pools, "storagepool"))]).await;
        let job = w.job(&answer).await;
        w.hold("StoragePoolResponse", &job["jobresult"]["storagepool"]);
    }
    for vm in vms["virtualmachine"].as_array().into_iter().flatten() {
        let answer = w.call("startVirtualMachine", &[("id", vm["id"].as_str().unwrap())]).await;
        w.job(&answer).await;
    }
    for command in ["prepareHostForMaintenance", "cancelHostMaintenance", "reconnectHost"] {
        let answer = w.call(command, &[("id", &host)]).await;
        let job = w.job(&answer).await;
        w.hold("HostResponse", &job["jobresult"]["host"]);
    }
}
