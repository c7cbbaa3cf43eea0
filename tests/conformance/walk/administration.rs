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
    w.call("listCapacity", &[]).await;
    for command in ["prepareHostForMaintenance", "cancelHostMaintenance", "reconnectHost"] {
        let answer = w.call(command, &[("id", &host)]).await;
        let job = w.job(&answer).await;
        w.hold("HostResponse", &job["jobresult"]["host"]);
    }
}
