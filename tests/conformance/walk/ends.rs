//! The end of everything: these take away what the other walks need.

use hostler_tests::cloud::Cloud;

use crate::answers::{Witness, id};

pub(crate) async fn all(w: &mut Witness, cloud: &Cloud, vm: &str) {
    for command in ["destroyVirtualMachine", "expungeVirtualMachine"] {
        let answer = w.call(command, &[("id", vm)]).await;
        w.job(&answer).await;
    }
    adoption(w, cloud).await;
    let params = [
        ("name", "t9"),
        ("url", "http://images.invalid/t9.qcow2"),
        ("format", "QCOW2"),
        ("hypervisor", "KVM"),
    ];
    w.call("registerTemplate", &params).await;
    let template = cloud.catalogue.template.to_string();
    let answer = w.call("deleteTemplate", &[("id", &template)]).await;
    w.job(&answer).await;
    let hosts = w.call("listHosts", &[("type", "Routing")]).await;
    w.call("deleteHost", &[("id", &id(&hosts, "host"))]).await;
}

/// A libvirt domain that somebody else made becomes a VM and is given back.
async fn adoption(w: &mut Witness, cloud: &Cloud) {
    let uuid = uuid::Uuid::new_v4();
    let (view, xml) = hostler_tests::simulated::alien(uuid, "old-mail");
    cloud.hosts[0].hypervisor.insert_with(view, &xml);
    let host = id(&w.call("listHosts", &[("type", "Routing")]).await, "host");
    let uuid = uuid.to_string();
    while w.call("listAliens", &[("uuid", uuid.as_str())]).await["count"] != 1 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let offering = cloud.catalogue.offering.to_string();
    let params = [("hostid", &*host), ("alien", &*uuid), ("serviceofferingid", &*offering)];
    let adopted = w.call("adoptVirtualMachine", &params).await;
    let job = w.job(&adopted).await;
    assert_eq!(job["jobresult"]["virtualmachine"]["state"], "Running", "{job}");
    let vm = adopted["id"].as_str().unwrap().to_owned();
    let released = w.call("releaseVirtualMachine", &[("id", &vm)]).await;
    w.job(&released).await;
    cloud.hosts[0].hypervisor.vanish(uuid.parse().unwrap());
}
