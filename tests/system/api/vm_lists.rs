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
