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
    for expunge in ["false", "true"] {
        let answer = w.call("destroyVolume", &[("id", &volume), ("expunge", expunge)]).await;
        w.job(&answer).await;
        if expunge == "false" {
            w.call("listVolumes", &[("state", "Destroy")]).await;
            w.call("recoverVolume", &[("id", &volume)]).await;
        }
    }
    let params = [("zoneid", zone.as_str()), ("diskofferingid", &any), ("size", "1")];
    let answer = w.call("createVolume", &params).await;
    let volume = answer["id"].as_str().unwrap().to_owned();
    w.call("deleteVolume", &[("id", &volume)]).await;
    files(w, &zone).await;
    snapshots(w, vm).await;
    vm_snapshots(w, vm).await;
    policies(w, vm).await;
    w.call("deleteDiskOffering", &[("id", &fixed)]).await;
}

/// Copies of the root volume of a VM that runs, and what is made of them.
async fn snapshots(w: &mut Witness, vm: &str) {
    let roots = w.call("listVolumes", &[("virtualmachineid", vm), ("type", "ROOT")]).await;
    let answer = w.call("createSnapshot", &[("volumeid", &id(&roots, "volume"))]).await;
    w.job(&answer).await;
    let snapshot = answer["id"].as_str().unwrap().to_owned();
    let of_it = [("id", snapshot.as_str())];
    let listed = w.call("listSnapshots", &of_it).await;
    assert_eq!(listed["snapshot"][0]["state"], "BackedUp", "{listed}");
    let answer = w.call("createVolume", &[("name", "v7"), ("snapshotid", &snapshot)]).await;
    w.job(&answer).await;
    w.call("deleteVolume", &[("id", answer["id"].as_str().unwrap())]).await;
    let kinds = w.call("listOsTypes", &[]).await;
    let params = [("name", "t9"), ("snapshotid", &snapshot), ("ostypeid", &id(&kinds, "ostype"))];
    let answer = w.call("createTemplate", &params).await;
    w.job(&answer).await;
    let of_template = [("templatefilter", "self"), ("id", answer["id"].as_str().unwrap())];
    let listed = w.call("listTemplates", &of_template).await;
    assert_eq!(listed["template"][0]["isready"], true, "{listed}");
    let of_vm = [("id", vm)];
    for (command, params) in
        [("stopVirtualMachine", of_vm), ("revertSnapshot", of_it), ("startVirtualMachine", of_vm)]
    {
        let answer = w.call(command, &params).await;
        w.job(&answer).await;
    }
    let answer = w.call("deleteSnapshot", &of_it).await;
    w.job(&answer).await;
}

/// A volume that begins as a file, and a link to one.
async fn files(w: &mut Witness, zone: &str) {
    let params = [
        ("name", "v6"),
        ("url", "http://images.invalid/v6.raw"),
        ("format", "RAW"),
        ("zoneid", zone),
    ];
    let answer = w.call("uploadVolume", &params).await;
    w.job(&answer).await;
    let listed = w.call("listVolumes", &[("name", "v6")]).await;
    assert_eq!(listed["volume"][0]["state"], "Uploaded", "{listed}");
    w.call("deleteVolume", &[("id", &id(&listed, "volume"))]).await;
}

/// Copies of all volumes of a VM that runs, and the way back to them.
async fn vm_snapshots(w: &mut Witness, vm: &str) {
    let of_vm = [("virtualmachineid", vm)];
    let answer = w.call("createVMSnapshot", &[of_vm[0], ("description", "before")]).await;
    w.job(&answer).await;
    let of_it = [("vmsnapshotid", answer["id"].as_str().unwrap())];
    let listed = w.call("listVMSnapshot", &[of_vm[0], of_it[0]]).await;
    assert_eq!(listed["vmsnapshot"][0]["state"], "Ready", "{listed}");
    let answer = w.call("stopVirtualMachine", &[("id", vm)]).await;
    w.job(&answer).await;
    let roots = w.call("listVolumes", &[of_vm[0], ("type", "ROOT")]).await;
    let zone = roots["volume"][0]["zoneid"].as_str().unwrap();
    let link = [("id", &*id(&roots, "volume")), ("zoneid", zone), ("mode", "HTTP_DOWNLOAD")];
    for (command, params) in [
        ("extractVolume", &link[..]),
        ("revertToVMSnapshot", &of_it),
        ("deleteVMSnapshot", &of_it),
        ("startVirtualMachine", &[("id", vm)]),
    ] {
        let answer = w.call(command, params).await;
        let job = w.job(&answer).await;
        let url = job["jobresult"]["volume"]["url"].as_str();
        assert!(command != "extractVolume" || url.is_some_and(|url| url.len() > 60), "{job}");
    }
}

/// When the root volume of a VM is copied by itself.
async fn policies(w: &mut Witness, vm: &str) {
    let roots = w.call("listVolumes", &[("virtualmachineid", vm), ("type", "ROOT")]).await;
    let params = [
        ("volumeid", &*id(&roots, "volume")),
        ("intervaltype", "DAILY"),
        ("schedule", "30:2"),
        ("timezone", "UTC"),
        ("maxsnaps", "3"),
    ];
    let policy = id(&w.call("createSnapshotPolicy", &params).await, "snapshotpolicy");
    let of_it = [("id", policy.as_str())];
    let answer = w.call("updateSnapshotPolicy", &[of_it[0], ("fordisplay", "false")]).await;
    w.job(&answer).await;
    let listed = w.call("listSnapshotPolicies", &of_it).await;
    assert_eq!(listed["snapshotpolicy"][0]["fordisplay"], false, "{listed}");
    w.call("deleteSnapshotPolicies", &of_it).await;
}
