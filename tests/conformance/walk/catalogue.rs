//! What an administrator sets up before anybody can deploy.

use crate::answers::{Witness, id};

pub(crate) async fn all(w: &mut Witness) {
    let ip = "10.9.0.1";
    let params = [("name", "z9"), ("networktype", "Advanced"), ("dns1", ip), ("internaldns1", ip)];
    let zone = id(&w.call("createZone", &params).await, "zone");
    let params = [("name", "p9"), ("zoneid", zone.as_str()), ("startip", ip), ("endip", ip)];
    let pod = id(&w.call("createPod", &params).await, "pod");
    let at = [("zoneid", zone.as_str()), ("podid", pod.as_str()), ("hypervisor", "KVM")];
    let named = [("clustername", "c9"), ("clustertype", "CloudManaged")];
    let cluster = id(&w.call("addCluster", &[&at[..], &named].concat()).await, "cluster");
    let own = id(&w.call("createCluster", &[&at[..], &[("name", "c8")]].concat()).await, "cluster");
    let offerings = w.call("listNetworkOfferings", &[]).await;
    let offering = id(&offerings, "networkoffering");
    let params = [
        ("name", "n9"),
        ("zoneid", zone.as_str()),
        ("networkofferingid", &offering),
        ("gateway", ip),
        ("netmask", "255.255.255.0"),
        ("startip", "10.9.0.2"),
        ("endip", "10.9.0.9"),
        ("bridge", "br9"),
    ];
    let network = id(&w.call("createNetwork", &params).await, "network");
    let params = [("name", "o9"), ("cpunumber", "1"), ("cpuspeed", "1"), ("memory", "64")];
    let size = id(&w.call("createServiceOffering", &params).await, "serviceoffering");
    w.call("updateServiceOffering", &[("id", &size), ("hosttags", "x"), ("zoneid", &zone)]).await;
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUrS3cFqFZ8cnMmpvQkYz4gL4O3bBqJ9cT1h1n5E";
    w.call("registerSSHKeyPair", &[("name", "k9"), ("publickey", key)]).await;
    w.call("listSSHKeyPairs", &[]).await;
    w.call("updateConfiguration", &[("name", "wait"), ("value", "60")]).await;
    w.call("resetConfiguration", &[("name", "wait")]).await;
    w.call("listConfigurationGroups", &[]).await;
    for list in ["listZones", "listPods", "listClusters", "listNetworks", "listServiceOfferings"] {
        w.call(list, &[]).await;
    }
    w.call("deleteSSHKeyPair", &[("name", "k9")]).await;
    w.call("deleteServiceOffering", &[("id", &size)]).await;
    let answer = w.call("deleteNetwork", &[("id", &network)]).await;
    w.job(&answer).await;
    w.call("deleteCluster", &[("id", &cluster)]).await;
    w.call("deleteCluster", &[("id", &own)]).await;
    w.call("deletePod", &[("id", &pod)]).await;
    w.call("deleteZone", &[("id", &zone)]).await;
}
