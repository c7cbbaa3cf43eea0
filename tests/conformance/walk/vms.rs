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
    (vm, job)
}
