//! How fast disks may be, whether hosts cache them, and how QEMU works on them: from the offering to the libvirt domain.

use hostler_tests::cloud::Cloud;
use hostler_tests::http::Api;
use serde_json::Value;

use super::World;
use super::vms::{Ids, admin_of, deploy};

const RATES: [(&str, &str); 6] = [
    ("bytesreadrate", "10485760"),
    ("bytesreadratemax", "20971520"),
    ("bytesreadratemaxlength", "60"),
    ("byteswriterate", "5242880"),
    ("iopswriterate", "200"),
    ("cachemode", "WriteBack"),
];

fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap()
}

/// A rate, its most and its length, by the first part of their names.
fn rates<'a>(offering: &'a Value, name: &str) -> [&'a Value; 3] {
    ["", "Max", "MaxLength"].map(|suffix| &offering[format!("{name}{suffix}")])
}

#[tokio::test]
async fn an_offering_shows_how_fast_its_disks_may_be() {
    let World { admin, .. } = &World::new().await;
    let params = [&[("name", "slow"), ("disksize", "1")][..], &RATES].concat();
    let disk = admin.ok("createDiskOffering", &params).await["diskoffering"].clone();
    let params = [("name", "slow"), ("cpunumber", "1"), ("cpuspeed", "500"), ("memory", "512")];
    let params = [&params[..], &RATES].concat();
    let service = admin.ok("createServiceOffering", &params).await["serviceoffering"].clone();
    let listed = admin.ok("listDiskOfferings", &[("id", id(&disk))]).await;
    for offering in [&disk, &service, &listed["diskoffering"][0]] {
        assert_eq!(rates(offering, "diskBytesReadRate"), [10 << 20, 20 << 20, 60], "{offering}");
        let [rate, most, length] = rates(offering, "diskBytesWriteRate");
        assert_eq!((rate, most, length), (&(5 << 20).into(), &Value::Null, &Value::Null));
        assert_eq!(rates(offering, "diskIopsWriteRate")[0], 200);
        assert_eq!(rates(offering, "diskIopsReadRate")[0], &Value::Null);
        assert_eq!(offering["cacheMode"], "writeback");
    }
}

#[tokio::test]
async fn an_offering_is_changed_in_part_and_zero_takes_a_limit_away() {
    let World { admin, .. } = &World::new().await;
    let params = [&[("name", "slow"), ("disksize", "1")][..], &RATES].concat();
    let disk = admin.ok("createDiskOffering", &params).await["diskoffering"].clone();
    let change =
        [("id", id(&disk)), ("byteswriterate", "0"), ("iopsreadrate", "7"), ("cachemode", "none")];
    let changed = admin.ok("updateDiskOffering", &change).await["diskoffering"].clone();
    assert_eq!(rates(&changed, "diskBytesReadRate"), [10 << 20, 20 << 20, 60]);
    assert_eq!(rates(&changed, "diskBytesWriteRate")[0], &Value::Null);
    assert_eq!((&changed["diskIopsReadRate"], &changed["cacheMode"]), (&7.into(), &"none".into()));
    let change = [("id", id(&disk)), ("bytesreadrate", "0")];
    let (status, text) = admin.refused("updateDiskOffering", &change).await;
    assert_eq!((status, text.contains("a most needs a rate")), (431, true), "{text}");
}

#[tokio::test]
async fn what_a_disk_cannot_be_is_refused_by_its_parameter() {
    let World { admin, .. } = &World::new().await;
    for (params, expected) in [
        (&[("bytesreadratemax", "5")][..], "bytesreadrate, bytesreadratemax"),
        (&[("iopsreadrate", "5"), ("iopsreadratemax", "4")], "swap them"),
        (&[("iopswriterate", "-1")], "iopswriterate is -1"),
        (&[("byteswriterate", "5"), ("byteswriteratemaxlength", "4")], "a length needs a most"),
        (&[("cachemode", "directsync")], "writethrough"),
        (&[("encrypt", "true")], "encrypt"),
        (&[("customizediops", "true")], "customizediops"),
    ] {
        let params = [&[("name", "x"), ("disksize", "1")], params].concat();
        let (status, text) = admin.refused("createDiskOffering", &params).await;
        assert_eq!((status, text.contains(expected)), (431, true), "{expected}: {text}");
    }
}

/// The XML of the only domain of the only host.
fn xml(cloud: &Cloud) -> String {
    let hypervisor = &cloud.hosts[0].hypervisor;
    let domain = hypervisor.domains().pop().unwrap();
    hypervisor.xml(domain.uuid).unwrap()
}

async fn done(admin: &Api, command: &str, params: &[(&str, &str)]) {
    let answer = admin.ok(command, params).await;
    let job = admin.job(answer["jobid"].as_str().unwrap()).await;
    assert_eq!(job["jobstatus"], 1, "{job}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_has_root_and_data_disks_as_fast_as_their_offerings_say() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let admin = admin_of(&cloud);
    let size = [("name", "s"), ("cpunumber", "1"), ("cpuspeed", "500"), ("memory", "512")];
    let root = [&size[..], &[("iopsreadrate", "111"), ("cachemode", "writethrough")]].concat();
    let size = admin.ok("createServiceOffering", &root).await["serviceoffering"].clone();
    let data = [("name", "d"), ("disksize", "1"), ("byteswriterate", "222")];
    let data = admin.ok("createDiskOffering", &data).await["diskoffering"].clone();
    let ids = Ids { offering: id(&size).to_owned(), ..Ids::of(&cloud) };
    let (vm, _) = deploy(&admin, &ids, &[("diskofferingid", id(&data))]).await;
    let running = xml(&cloud);
    assert_eq!(running.matches("<iotune>").count(), 2, "{running}");
    for said in ["<read_iops_sec>111<", "cache=\"writethrough\"", "<write_bytes_sec>222<"] {
        assert!(running.contains(said), "{said} in {running}");
    }
    let listed = admin.ok("listVolumes", &[("virtualmachineid", &vm)]).await;
    let shown = |kind: &str, field: &str| {
        let all = listed["volume"].as_array().unwrap();
        all.iter().find(|volume| volume["type"] == kind).unwrap()[field].clone()
    };
    assert_eq!(shown("ROOT", "diskIopsReadRate"), 111);
    assert_eq!(shown("DATADISK", "diskBytesWriteRate"), 222);
    assert_eq!(shown("DATADISK", "diskIopsReadRate"), Value::Null);

    let change = [("id", id(&data)), ("byteswriterate", "333")];
    admin.ok("updateDiskOffering", &change).await;
    done(&admin, "stopVirtualMachine", &[("id", &vm)]).await;
    done(&admin, "startVirtualMachine", &[("id", &vm)]).await;
    let running = xml(&cloud);
    assert!(running.contains("<write_bytes_sec>333<"), "from the next start on: {running}");
}

#[tokio::test(flavor = "multi_thread")]
async fn how_qemu_works_on_disks_and_nics_is_chosen_at_deployment() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let chosen = [
        ("iodriverpolicy", "native"),
        ("iothreadsenabled", "true"),
        ("nicmultiqueuenumber", "4"),
        ("nicpackedvirtqueuesenabled", "true"),
    ];
    let (vm, _) = deploy(&admin, &ids, &chosen).await;
    let running = xml(&cloud);
    let said = ["<iothreads>1<", "io=\"native\" iothread=\"1\"", "queues=\"4\" packed=\"on\""];
    for said in said {
        assert!(running.contains(said), "{said} in {running}");
    }
    let listed = admin.ok("listVirtualMachines", &[("id", &vm)]).await;
    let details = &listed["virtualmachine"][0]["details"];
    assert_eq!(details["nic.multiqueue.number"], "4", "{details}");

    for (param, odd) in [("iodriverpolicy", "fast"), ("nicmultiqueuenumber", "0")] {
        let params = [&ids.params()[..], &[(param, odd)]].concat();
        let (status, text) = admin.refused("deployVirtualMachine", &params).await;
        assert_eq!((status, text.contains(param)), (431, true), "{text}");
    }
}
