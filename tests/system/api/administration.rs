//! What an administrator changes of what there is, and what that does to VMs.

use hostler_model::AccountType;
use hostler_tests::cloud::Cloud;
use hostler_tests::http::{Api, tenant};
use serde_json::Value;

use super::World;

/// A cloud with hosts, and its administrator.
async fn cloud(hosts: usize) -> (Cloud, Api) {
    let cloud = Cloud::with_hosts(hosts).await.unwrap();
    let address = cloud.manager.as_ref().unwrap().api;
    let admin = Api::admin(address, &cloud.folder().join("manager")).unwrap();
    (cloud, admin)
}

/// The only thing of a list.
async fn only(api: &Api, list: &str, key: &str, params: &[(&str, &str)]) -> Value {
    let all = api.ok(list, params).await;
    assert_eq!(all["count"], 1, "{list}: {all}");
    all[key][0].clone()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// Deploys; the job's end, and the VM's id.
async fn deploy(cloud: &Cloud, api: &Api) -> (Value, String) {
    let c = cloud.catalogue;
    let [zone, offering, template] =
        [c.zone.to_string(), c.offering.to_string(), c.template.to_string()];
    let params =
        [("zoneid", zone.as_str()), ("serviceofferingid", &offering), ("templateid", &template)];
    let answer = api.ok("deployVirtualMachine", &params).await;
    (api.job(text(&answer, "jobid")).await, text(&answer, "id").to_owned())
}

/// Has a command's job succeed.
async fn done(api: &Api, command: &str, id: &str) -> Value {
    let answer = api.ok(command, &[("id", id)]).await;
    let job = api.job(text(&answer, "jobid")).await;
    assert_eq!(job["jobstatus"], 1, "{command}: {job}");
    job["jobresult"].clone()
}

#[tokio::test]
async fn what_an_administrator_changes_is_shown_and_nothing_else_is_changed() {
    let world = World::new().await;
    let admin = &world.admin;
    let before = only(admin, "listZones", "zone", &[]).await;
    let id = text(&before, "id");
    let changes =
        [("id", id), ("name", "west"), ("dns1", "10.0.0.9"), ("allocationstate", "disabled")];
    let after = admin.ok("updateZone", &changes).await["zone"].clone();
    assert_eq!([text(&after, "name"), text(&after, "dns1")], ["west", "10.0.0.9"]);
    assert_eq!(text(&after, "allocationstate"), "Disabled");
    assert_eq!(after["internaldns1"], before["internaldns1"]);
    assert_eq!(after, only(admin, "listZones", "zone", &[("name", "west")]).await);

    let pod = only(admin, "listPods", "pod", &[]).await;
    let changes = [("id", text(&pod, "id")), ("startip", "10.0.0.9"), ("endip", "10.0.0.1")];
    let (status, why) = admin.refused("updatePod", &changes).await;
    assert_eq!((status, why.as_str()), (431, "endip is before startip; swap them"));
    let cluster = only(admin, "listClusters", "cluster", &[]).await;
    let changes = [("id", text(&cluster, "id")), ("clustername", "c7")];
    let after = admin.ok("updateCluster", &changes).await["cluster"].clone();
    assert_eq!([text(&after, "name"), text(&after, "allocationstate")], ["c7", "Enabled"]);
}

#[tokio::test]
async fn a_name_that_is_taken_is_refused_and_one_s_own_is_not() {
    let world = World::new().await;
    let admin = &world.admin;
    let zone = text(&only(admin, "listZones", "zone", &[]).await, "id").to_owned();
    admin.ok("createPod", &[("name", "p2"), ("zoneid", &zone)]).await;
    let pod = text(&only(admin, "listPods", "pod", &[("name", "p2")]).await, "id").to_owned();
    let (status, why) = admin.refused("updatePod", &[("id", &pod), ("name", "p1")]).await;
    assert_eq!((status, why.contains("named p1 already")), (536, true), "{why}");
    admin.ok("updatePod", &[("id", &pod), ("name", "p2")]).await;
}

#[tokio::test]
async fn only_a_root_administrator_gets_a_vm_in_a_disabled_zone() {
    let (cloud, admin) = cloud(1).await;
    let kind = AccountType::User;
    let user = tenant(cloud.store(), admin.address, "ROOT", "alice", kind).await.unwrap();
    let (_, vm) = deploy(&cloud, &user).await;
    done(&user, "stopVirtualMachine", &vm).await;
    let zone = cloud.catalogue.zone.to_string();
    admin.ok("updateZone", &[("id", &zone), ("allocationstate", "Disabled")]).await;

    let c = cloud.catalogue;
    let [offering, template] = [c.offering.to_string(), c.template.to_string()];
    let params =
        [("zoneid", zone.as_str()), ("serviceofferingid", &offering), ("templateid", &template)];
    assert_eq!(user.refused("deployVirtualMachine", &params).await.0, 531);
    assert_eq!(user.refused("startVirtualMachine", &[("id", &vm)]).await.0, 531);
    assert_eq!(deploy(&cloud, &admin).await.0["jobstatus"], 1);
}

#[tokio::test]
async fn a_place_that_is_disabled_takes_no_new_vms_and_says_so() {
    let (cloud, admin) = cloud(1).await;
    let host = only(&admin, "listHosts", "host", &[("type", "Routing")]).await;
    for (command, id, why) in [
        ("updateHost", text(&host, "id"), "it is Disabled"),
        ("updateCluster", text(&host, "clusterid"), "its cluster c1 is Disabled"),
        ("updatePod", text(&host, "podid"), "its pod p1 is Disabled"),
    ] {
        admin.ok(command, &[("id", id), ("allocationstate", "Disabled")]).await;
        let (job, _) = deploy(&cloud, &admin).await;
        let said = text(&job["jobresult"], "errortext").to_owned();
        assert_eq!((&job["jobresultcode"], said.contains(why)), (&533.into(), true), "{said}");
        admin.ok(command, &[("id", id), ("allocationstate", "Enabled")]).await;
    }
    assert_eq!(deploy(&cloud, &admin).await.0["jobstatus"], 1);
}

#[tokio::test]
async fn a_pool_that_is_disabled_keeps_its_volumes_and_takes_no_new_ones() {
    let (cloud, admin) = cloud(1).await;
    let (_, vm) = deploy(&cloud, &admin).await;
    done(&admin, "stopVirtualMachine", &vm).await;
    let pool = only(&admin, "listStoragePools", "storagepool", &[]).await;
    let pool = text(&pool, "id");
    let after = admin.ok("updateStoragePool", &[("id", pool), ("enabled", "false")]).await;
    assert_eq!(after["storagepool"]["state"], "Disabled");
    done(&admin, "startVirtualMachine", &vm).await;
    let zone = cloud.catalogue.zone.to_string();
    let params = [
        ("zoneid", zone.as_str()),
        ("serviceofferingid", &cloud.catalogue.offering.to_string()),
        ("templateid", &cloud.catalogue.template.to_string()),
    ];
    assert_eq!(admin.refused("deployVirtualMachine", &params).await.0, 534);
}

#[tokio::test]
async fn a_host_without_vms_is_in_maintenance_at_once() {
    let (cloud, admin) = cloud(1).await;
    let host = only(&admin, "listHosts", "host", &[("type", "Routing")]).await;
    let id = text(&host, "id");
    let after = done(&admin, "prepareHostForMaintenance", id).await;
    assert_eq!(after["host"]["resourcestate"], "Maintenance");
    let (job, _) = deploy(&cloud, &admin).await;
    assert!(text(&job["jobresult"], "errortext").contains("it is Maintenance"), "{job}");
    let why = admin.refused("updateHost", &[("id", id), ("allocationstate", "Enable")]).await.1;
    assert!(why.contains("cancelHostMaintenance first"), "{why}");
    let after = done(&admin, "cancelHostMaintenance", id).await;
    assert_eq!(after["host"]["resourcestate"], "Enabled");
    assert_eq!(deploy(&cloud, &admin).await.0["jobstatus"], 1);
    assert_eq!(admin.refused("cancelHostMaintenance", &[("id", id)]).await.0, 431);
}

#[tokio::test]
async fn a_host_with_vms_names_them_and_is_in_maintenance_when_the_last_one_has_left() {
    let (cloud, admin) = cloud(1).await;
    let (_, vm) = deploy(&cloud, &admin).await;
    let name = only(&admin, "listVirtualMachines", "virtualmachine", &[("id", &vm)]).await;
    let host = only(&admin, "listHosts", "host", &[("type", "Routing")]).await;
    let id = text(&host, "id");
    let after = done(&admin, "prepareHostForMaintenance", id).await["host"].clone();
    assert_eq!(after["resourcestate"], "PrepareForMaintenance");
    assert_eq!(after["details"]["maintenance.waits.for"], name["instancename"]);
    assert_eq!(deploy(&cloud, &admin).await.0["jobresultcode"], 533);
    done(&admin, "stopVirtualMachine", &vm).await;
    let after = only(&admin, "listHosts", "host", &[("resourcestate", "Maintenance")]).await;
    assert_eq!((text(&after, "id"), after["details"].get("maintenance.waits.for")), (id, None));
    let told =
        admin.ok("listEvents", &[("keyword", "is in Maintenance"), ("listall", "true")]).await;
    assert_eq!(told["count"], 1, "{told}");
}

#[tokio::test]
async fn a_host_that_is_named_by_an_administrator_keeps_its_name_when_it_connects_anew() {
    let (_cloud, admin) = cloud(1).await;
    let host = only(&admin, "listHosts", "host", &[("type", "Routing")]).await;
    let id = text(&host, "id");
    let changes = [("id", id), ("name", "rack-7"), ("hosttags", "fast,ssd")];
    let after = admin.ok("updateHost", &changes).await["host"].clone();
    assert_eq!([text(&after, "name"), text(&after, "hosttags")], ["rack-7", "fast,ssd"]);
    let after = done(&admin, "reconnectHost", id).await["host"].clone();
    assert_eq!([text(&after, "name"), text(&after, "state")], ["rack-7", "Up"]);
    let (status, why) =
        admin.refused("updateHost", &[("id", id), ("url", "http://10.0.0.1")]).await;
    assert_eq!((status, why.contains("agent.properties")), (431, true), "{why}");
    let after = admin.ok("updateHost", &[("id", id), ("hosttags", "")]).await["host"].clone();
    assert_eq!(after.get("hosttags"), None);
}

#[tokio::test]
async fn capacity_is_what_the_vms_have_claimed() {
    let (cloud, admin) = cloud(2).await;
    deploy(&cloud, &admin).await;
    let of = async |kind: &str| {
        let row = only(&admin, "listCapacity", "capacity", &[("type", kind)]).await;
        (row["capacityused"].as_u64().unwrap(), row["capacitytotal"].as_u64().unwrap())
    };
    let mib = 1024 * 1024;
    let (used, total) = of("0").await;
    assert_eq!(used, 512 * mib);
    assert!(total > 0 && total <= 2 * 8192 * mib, "{total}");
    assert_eq!(of("1").await, (500, 2 * 4 * 2000));
    let zone = only(&admin, "listZones", "zone", &[("showcapacities", "true")]).await;
    let kinds: Vec<_> =
        zone["capacity"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["MEMORY", "CPU", "STORAGE", "LOCAL_STORAGE"]);
    let pod = only(&admin, "listPods", "pod", &[]).await;
    assert_eq!(pod.get("capacity"), None);
}

#[tokio::test]
async fn a_pool_in_maintenance_is_used_by_no_vm() {
    let (cloud, admin) = cloud(1).await;
    let (_, vm) = deploy(&cloud, &admin).await;
    let name = only(&admin, "listVirtualMachines", "virtualmachine", &[("id", &vm)]).await;
    let pool = only(&admin, "listStoragePools", "storagepool", &[]).await;
    let pool = text(&pool, "id");
    let (status, why) = admin.refused("enableStorageMaintenance", &[("id", pool)]).await;
    assert_eq!((status, why.contains(text(&name, "instancename"))), (536, true), "{why}");
    done(&admin, "stopVirtualMachine", &vm).await;
    let after = done(&admin, "enableStorageMaintenance", pool).await;
    assert_eq!(after["storagepool"]["state"], "Maintenance");
    let answer = admin.ok("startVirtualMachine", &[("id", &vm)]).await;
    assert_eq!(admin.job(text(&answer, "jobid")).await["jobresultcode"], 533);
    done(&admin, "cancelStorageMaintenance", pool).await;
    done(&admin, "startVirtualMachine", &vm).await;
}

#[tokio::test]
async fn archived_events_are_left_out_of_lists_and_stay_in_the_record() {
    let world = World::new().await;
    let admin = &world.admin;
    let zone = world.catalogue.zone.to_string();
    admin.ok("updateZone", &[("id", &zone), ("domain", "x.internal")]).await;
    let of_kind = [("type", "ZONE.EDIT")];
    let told = only(admin, "listEvents", "event", &of_kind).await;
    assert_eq!(admin.refused("archiveEvents", &[]).await.0, 431);
    let stranger =
        tenant(&world.manager.context.store, admin.address, "ROOT", "eve", AccountType::User);
    let stranger = stranger.await.unwrap();
    stranger.ok("archiveEvents", &[("ids", text(&told, "id"))]).await;
    only(admin, "listEvents", "event", &of_kind).await;
    admin.ok("archiveEvents", &[("ids", text(&told, "id"))]).await;
    assert_eq!(admin.ok("listEvents", &of_kind).await, serde_json::json!({}));
    only(admin, "listEvents", "event", &[("type", "ZONE.EDIT"), ("archived", "true")]).await;
}
