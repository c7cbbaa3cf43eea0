//! Sizes of data volumes for sale, and a volume from its making to its end.

use hostler_tests::cloud::Cloud;

use crate::answers::{Witness, id};

pub(crate) async fn all(w: &mut Witness, cloud: &Cloud, vm: &str) {
    let domains = w.call("listDomains", &[]).await;
    let params = [("name", "d9"), ("disksize", "1"), ("domainid", &id(&domains, "domain"))];
    let fixed = id(&w.call("createDiskOffering", &params).await, "diskoffering");
    let params = [("id", fixed.as_str()), ("name", "d8"), ("domainid", "public"), ("sortkey", "3")];
    w.call("updateDiskOffering", &params).await;
    w.call("listDiskOfferings", &[]).await;
    let params = [("name", "d7"), ("customized", "true")];
    let any = id(&w.call("createDiskOffering", &params).await, "diskoffering");

    let zone = cloud.catalogue.zone.to_string();
    let params = [("name", "v9"), ("zoneid", &zone), ("diskofferingid", &fixed)];
    let answer = w.call("createVolume", &params).await;
    w.job(&answer).await;
    let volume = answer["id"].as_str().unwrap().to_owned();
    let answer = w.call("updateVolume", &[("id", &volume), ("name", "v8")]).await;
    w.job(&answer).await;
    let answer = w.call("attachVolume", &[("id", &volume), ("virtualmachineid", vm)]).await;
    w.job(&answer).await;
    let params = [("id", volume.as_str()), ("diskofferingid", &any), ("size", "2")];
    let answer = w.call("resizeVolume", &params).await;
    w.job(&answer).await;
    w.call("listVolumes", &[("id", &volume)]).await;
    let answer = w.call("detachVolume", &[("id", &volume)]).await;
    w.job(&answer).await;
    let answer = w.call("destroyVolume", &[("id", &volume)]).await;
    w.job(&answer).await;
    let params = [("zoneid", zone.as_str()), ("diskofferingid", &any), ("size", "1")];
    let answer = w.call("createVolume", &params).await;
    let volume = answer["id"].as_str().unwrap().to_owned();
    w.call("deleteVolume", &[("id", &volume)]).await;
    for list in ["listSnapshots", "listSnapshotPolicies"] {
        w.call(list, &[]).await;
    }
    w.call("deleteDiskOffering", &[("id", &fixed)]).await;
}
