//! The end of everything: these take away what the other walks need.

use hostler_tests::cloud::Cloud;

use crate::answers::{Witness, id};

pub(crate) async fn all(w: &mut Witness, cloud: &Cloud, vm: &str) {
    for command in ["destroyVirtualMachine", "expungeVirtualMachine"] {
        let answer = w.call(command, &[("id", vm)]).await;
        w.job(&answer).await;
    }
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
