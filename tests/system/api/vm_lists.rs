//! Lists of VMs: every filter, and what is shown.

use hostler_model::AccountType;
use hostler_tests::cloud::Cloud;
use hostler_tests::http::{Api, tenant};
use serde_json::Value;

use super::vms::{Ids, admin_of, deploy};

/// The names of the VMs that a list shows, in its order.
async fn names(api: &Api, params: &[(&str, &str)]) -> Vec<String> {
    let listed = api.ok("listVirtualMachines", params).await;
    let vms = listed["virtualmachine"].as_array().cloned().unwrap_or_default();
    assert_eq!(listed["count"].as_u64().unwrap_or(0), vms.len() as u64, "{listed}");
    vms.iter().map(|vm| vm["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_filter_finds_what_it_names_and_nothing_else() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let (one, job) =
        deploy(&admin, &ids, &[("name", "one"), ("displayname", "First"), ("group", "g1")]).await;
    let host = job["jobresult"]["virtualmachine"]["hostid"].as_str().unwrap().to_owned();
    let (two, _) = deploy(&admin, &ids, &[("name", "two"), ("startvm", "false")]).await;
    admin.ok("updateVirtualMachine", &[("id", &two), ("haenable", "true")]).await;
    let hosts = admin.ok("listHosts", &[("id", &host)]).await;
    let [pod, cluster] =
        ["podid", "clusterid"].map(|name| hosts["host"][0][name].as_str().unwrap().to_owned());
    let pools = admin.ok("listStoragePools", &[]).await;
    let pool = pools["storagepool"][0]["id"].as_str().unwrap();
    let user = admin.ok("listUsers", &[]).await["user"][0]["id"].as_str().unwrap().to_owned();
    let both = format!("{one},{two}");
    let nobody = uuid::Uuid::new_v4().to_string();
    for (param, value, found) in [
        ("id", one.as_str(), "one"),
        ("ids", &both, "one two"),
        ("name", "one", "one"),
        ("name", "First", "one"),
        ("keyword", "TW", "two"),
        ("keyword", "%", ""),
        ("keyword", "_", ""),
        ("keyword", "irs", "one"),
        ("state", "Running", "one"),
        ("state", "Stopped", "two"),
        ("state", "Present", "one two"),
        ("state", "Active", "one two"),
        ("state", "Destroyed", ""),
        ("zoneid", &ids.zone, "one two"),
        ("hostid", &host, "one"),
        ("podid", &pod, "one"),
        ("clusterid", &cluster, "one"),
        ("storageid", pool, "one"),
        ("networkid", &ids.network, "one two"),
        ("templateid", &ids.template, "one two"),
        ("serviceofferingid", &ids.offering, "one two"),
        ("serviceofferingid", &nobody, ""),
        ("userid", &user, "one two"),
        ("arch", "x86_64", "one two"),
        ("arch", "aarch64", ""),
        ("haenable", "true", "two"),
        ("haenable", "false", "one"),
        ("displayvm", "true", "one two"),
        ("hypervisor", "KVM", "one two"),
        ("hypervisor", "Xen", ""),
        ("account", "admin", "one two"),
        ("listall", "true", "one two"),
    ] {
        assert_eq!(names(&admin, &[(param, value)]).await.join(" "), found, "{param}={value}");
    }
    let page = [("page", "2"), ("pagesize", "1")];
    let listed = admin.ok("listVirtualMachines", &page).await;
    assert_eq!(
        (&listed["count"], &listed["virtualmachine"][0]["name"]),
        (&2.into(), &"two".into())
    );
    let (status, text) = admin.refused("listVirtualMachines", &[("state", "Odd")]).await;
    assert_eq!((status, text.contains("Present, Active")), (431, true), "{text}");
    let counted = [("retrieveonlyresourcecount", "true")];
    assert_eq!(admin.ok("listVirtualMachines", &counted).await, serde_json::json!({"count": 2}));
}

#[tokio::test(flavor = "multi_thread")]
async fn details_choose_what_is_shown() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    deploy(&admin, &ids, &[("name", "one"), ("startvm", "false")]).await;
    let shown = async |details: &str| -> Value {
        let listed = admin.ok("listVirtualMachines", &[("details", details)]).await;
        listed["virtualmachine"][0].clone()
    };
    let least = shown("min").await;
    assert!(least["name"] == "one" && least.get("nic").is_none() && least.get("memory").is_none());
    let some = shown("nics,servoff").await;
    assert!(some["nic"].is_array() && some["memory"] == 512 && some.get("affinitygroup").is_none());
    let all = shown("all").await;
    assert!(all["nic"].is_array() && all["affinitygroup"].is_array());
    let (status, text) = admin.refused("listVirtualMachines", &[("details", "odd")]).await;
    assert_eq!((status, text.contains("affgrp")), (431, true), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vm_that_is_hidden_is_hidden_from_its_user_only() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let user = tenant(cloud.store(), admin.address, "ROOT", "user", AccountType::User).await;
    let user = user.unwrap();
    let (vm, _) = deploy(&user, &ids, &[("name", "one"), ("startvm", "false")]).await;
    assert_eq!(names(&user, &[]).await, ["one"]);
    admin.ok("updateVirtualMachine", &[("id", &vm), ("displayvm", "false")]).await;
    assert!(names(&user, &[]).await.is_empty());
    assert_eq!(names(&admin, &[("listall", "true")]).await, ["one"]);
    assert!(names(&admin, &[("listall", "true"), ("displayvm", "true")]).await.is_empty());
}

/// [M] How long lists take with 100,000 VMs; run it with `--ignored --nocapture`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn lists_of_a_hundred_thousand_vms() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let (one, _) = deploy(&admin, &ids, &[("name", "one"), ("startvm", "false")]).await;
    let database = rusqlite::Connection::open(cloud.folder().join("manager/hostler.db")).unwrap();
    let columns = "account, user, zone, offering, template, vnc_password, created, changed";
    database
        .execute_batch(&format!(
            "INSERT INTO vm (id, host_name, display_name, instance_name, state, user_data, {columns})
             WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
             SELECT lower(hex(randomblob(4))) || '-0000-4000-8000-' || lower(hex(randomblob(6))), 'vm-' || i,
                 'VM ' || i, 'i-1-' || i || '-VM', iif(i % 10 = 0, 'Stopped', 'Running'), hex(randomblob(500)),
                 {columns} FROM vm, n WHERE vm.id = '{one}';
             INSERT INTO nic (id, vm, network, device, mac, ip, is_default, created)
             SELECT vm.id, vm.id, nic.network, 0, 'x' || vm.number, 'x' || vm.number, 1, 0
             FROM vm, nic WHERE nic.vm = '{one}' AND vm.id <> '{one}';
             UPDATE nic SET mac = printf('06:00:%02x:%02x:%02x:%02x', 0, number >> 16, (number >> 8) & 255, number & 255),
                 ip = printf('11.%d.%d.%d', number >> 16, (number >> 8) & 255, number & 255) WHERE mac LIKE 'x%';
             ANALYZE;"
        ))
        .unwrap();
    let base = [("listall", "true"), ("pagesize", "100"), ("page", "1")];
    for more in [
        ("listall", "true"),
        ("id", one.as_str()),
        ("name", "vm-777"),
        ("keyword", "vm-7777"),
        ("keyword", "nothing"),
        ("state", "Running"),
        ("state", "Stopped"),
        ("state", "Present"),
        ("zoneid", &ids.zone),
        ("networkid", &ids.network),
        ("templateid", &ids.template),
        ("serviceofferingid", &ids.offering),
        ("account", "admin"),
        ("displayvm", "true"),
        ("haenable", "true"),
        ("keypair", "k"),
        ("arch", "x86_64"),
    ] {
        let params: Vec<_> =
            base.iter().copied().filter(|(name, _)| *name != more.0).chain([more]).collect();
        let mut took = Vec::new();
        for _ in 0..10 {
            let begun = std::time::Instant::now();
            admin.ok("listVirtualMachines", &params).await;
            took.push(begun.elapsed());
        }
        took.sort();
        println!("{}={}: median {:?}, worst {:?}", more.0, more.1, took[5], took[9]);
    }
}
