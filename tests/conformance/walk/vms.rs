//! A VM, from its deployment on.

use hostler_tests::cloud::Cloud;

use crate::answers::Witness;

pub(crate) async fn lives(w: &mut Witness, cloud: &Cloud) -> (String, String) {
    let c = cloud.catalogue;
    let [zone, offering, template] =
        [c.zone.to_string(), c.offering.to_string(), c.template.to_string()];
    let params = [
        ("zoneid", zone.as_str()),
        ("serviceofferingid", &offering),
        ("templateid", &template),
        ("details[0].note", "x"),
        ("group", "g"),
    ];
    let answer = w.call("deployVirtualMachine", &params).await;
    let vm = answer["id"].as_str().unwrap().to_owned();
    let job = w.job(&answer).await["jobid"].as_str().unwrap().to_owned();
    for command in ["stopVirtualMachine", "startVirtualMachine", "rebootVirtualMachine"] {
        let answer = w.call(command, &[("id", &vm)]).await;
        w.job(&answer).await;
    }
    changes(w, cloud, &vm).await;
    (vm, job)
}

/// Everything that can be changed of a VM.
async fn changes(w: &mut Witness, cloud: &Cloud, vm: &str) {
    w.call("updateVirtualMachine", &[("id", vm), ("displayname", "x"), ("userdata", "eA==")]).await;
    w.call("getVirtualMachineUserData", &[("virtualmachineid", vm)]).await;
    let answer = w.call("stopVirtualMachine", &[("id", vm)]).await;
    w.job(&answer).await;
    let offering = cloud.catalogue.offering.to_string();
    let size = [("id", vm), ("serviceofferingid", offering.as_str())];
    w.call("changeServiceForVirtualMachine", &size).await;
    let answer = w.call("scaleVirtualMachine", &size).await;
    w.job(&answer).await;
    let answer = w.call("destroyVirtualMachine", &[("id", vm)]).await;
    w.job(&answer).await;
    w.call("recoverVirtualMachine", &[("id", vm)]).await;
    let answer = w.call("startVirtualMachine", &[("id", vm)]).await;
    w.job(&answer).await;
}
