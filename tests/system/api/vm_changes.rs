//! Changes of VMs that exist, through the API.

use hostler_tests::cloud::Cloud;
use hostler_tests::http::Api;
use serde_json::Value;

use super::vms::{Ids, admin_of, deploy};

/// A VM that is recorded and never started.
async fn recorded(api: &Api, ids: &Ids, name: &str) -> String {
    deploy(api, ids, &[("name", name), ("startvm", "false")]).await.0
}

async fn vm(api: &Api, id: &str) -> Value {
    api.ok("listVirtualMachines", &[("id", id)]).await["virtualmachine"][0].clone()
}

/// A custom offering: one without a size of its own.
fn custom_offering(cloud: &Cloud) -> String {
    let id = uuid::Uuid::new_v4().to_string();
    rusqlite::Connection::open(cloud.folder().join("manager/hostler.db"))
        .unwrap()
        .execute_batch(&format!(
            "INSERT INTO service_offering (id, name, display_text, cpus, cpu_mhz, memory_mib, created,
                 min_cpus, max_cpus, min_memory_mib, max_memory_mib)
             VALUES ('{id}', 'custom', 'custom', 0, 500, 0, 1, 1, 4, 256, 1024)"
        ))
        .unwrap();
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_choices_of_a_vm_can_be_changed() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let id = recorded(&admin, &ids, "old").await;
    let params = [
        ("id", id.as_str()),
        ("name", "new"),
        ("displayname", "New one"),
        ("group", "shop"),
        ("haenable", "true"),
        ("isdynamicallyscalable", "true"),
        ("displayvm", "false"),
        ("deleteprotection", "true"),
        ("userdata", "I2Nsb3VkLWNvbmZpZw=="),
        ("details[0].note", "A"),
        ("details[1].other", "B"),
    ];
    let answer = admin.ok("updateVirtualMachine", &params).await;
    let shown = &answer["virtualmachine"];
    for (name, value) in [("name", "new"), ("displayname", "New one"), ("group", "shop")] {
        assert_eq!(shown[name], value, "{name}");
    }
    for name in ["haenable", "isdynamicallyscalable", "deleteprotection"] {
        assert_eq!(shown[name], true, "{name}");
    }
    assert_eq!(shown["displayvm"], false);
    assert_eq!(shown["details"], serde_json::json!({"note": "A"}), "only the first index counts");
    let data = admin.ok("getVirtualMachineUserData", &[("virtualmachineid", &id)]).await;
    assert_eq!(data["virtualmachineuserdata"]["userdata"], "I2Nsb3VkLWNvbmZpZw==");

    let params = [("id", id.as_str()), ("cleanupdetails", "true"), ("userdata", ""), ("group", "")];
    let answer = admin.ok("updateVirtualMachine", &params).await;
    assert_eq!(answer["virtualmachine"]["details"], serde_json::json!({}));
    assert!(answer["virtualmachine"].get("group").is_none());
    assert_eq!(answer["virtualmachine"]["displayname"], "New one", "what is not named stays");
    let data = admin.ok("getVirtualMachineUserData", &[("virtualmachineid", &id)]).await;
    assert!(data["virtualmachineuserdata"].get("userdata").is_none(), "{data}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vm_that_is_protected_is_not_destroyed() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let id = recorded(&admin, &ids, "kept").await;
    let of = |value| [("id", id.as_str()), ("deleteprotection", value)];
    admin.ok("updateVirtualMachine", &of("true")).await;
    for params in [vec![("id", id.as_str())], vec![("id", id.as_str()), ("expunge", "true")]] {
        let (status, text) = admin.refused("destroyVirtualMachine", &params).await;
        assert_eq!((status, text.contains("deleteprotection=false")), (431, true), "{text}");
    }
    admin.ok("updateVirtualMachine", &of("false")).await;
    let answer = admin.ok("destroyVirtualMachine", &[("id", &id)]).await;
    assert_eq!(admin.job(answer["jobid"].as_str().unwrap()).await["jobstatus"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_name_is_held_by_one_vm_of_a_network_domain() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let web = recorded(&admin, &ids, "web").await;
    let other = recorded(&admin, &ids, "other").await;
    let again = [&ids.params()[..], &[("name", "WEB"), ("startvm", "false")]].concat();
    let (status, text) = admin.refused("deployVirtualMachine", &again).await;
    assert_eq!((status, text.contains("parameter name")), (536, true), "{text}");
    let renamed = [("id", other.as_str()), ("name", "web")];
    assert_eq!(admin.refused("updateVirtualMachine", &renamed).await.0, 536);
    // who gives a name up leaves it to others
    admin.ok("updateVirtualMachine", &[("id", &web), ("name", "first")]).await;
    admin.ok("updateVirtualMachine", &renamed).await;
    let answer = admin.ok("expungeVirtualMachine", &[("id", &other)]).await;
    admin.job(answer["jobid"].as_str().unwrap()).await;
    recorded(&admin, &ids, "web").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_ask_for_one_host_name_exactly_one_gets_it() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (admin, ids) = (admin.clone(), ids.clone());
        asking.spawn(async move {
            let params = [&ids.params()[..], &[("name", "web"), ("startvm", "false")]].concat();
            admin.call("deployVirtualMachine", &params).await.status
        });
    }
    let mut answers = asking.join_all().await;
    answers.sort_unstable();
    assert_eq!(answers, [200, 536, 536, 536, 536, 536, 536, 536]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_vm_gets_another_size_and_runs_with_it() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let params = [("name", "large"), ("cpunumber", "2"), ("cpuspeed", "500"), ("memory", "1024")];
    let large = admin.ok("createServiceOffering", &params).await["serviceoffering"]["id"].clone();
    let large = large.as_str().unwrap();
    let (id, _) = deploy(&admin, &ids, &[("name", "web")]).await;
    let params = [("id", id.as_str()), ("serviceofferingid", large)];
    for command in ["changeServiceForVirtualMachine", "scaleVirtualMachine"] {
        let (status, text) = admin.refused(command, &params).await;
        assert_eq!((status, text.contains("stop it first")), (431, true), "{command}: {text}");
    }
    let answer = admin.ok("stopVirtualMachine", &[("id", &id)]).await;
    admin.job(answer["jobid"].as_str().unwrap()).await;
    let answer = admin.ok("changeServiceForVirtualMachine", &params).await;
    assert_eq!(answer["virtualmachine"]["memory"], 1024, "{answer}");
    let answer = admin.ok("startVirtualMachine", &[("id", &id)]).await;
    admin.job(answer["jobid"].as_str().unwrap()).await;
    let domains = cloud.hosts[0].hypervisor.domains();
    assert_eq!((domains[0].vcpus, domains[0].memory.0), (2, 1024));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_custom_offering_takes_its_size_from_the_request() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, fixed) = (admin_of(&cloud), Ids::of(&cloud));
    let custom = Ids { offering: custom_offering(&cloud), ..fixed.clone() };
    let (status, text) = admin.refused("deployVirtualMachine", &custom.params()).await;
    assert_eq!((status, text.contains("cpuNumber is missing")), (431, true), "{text}");
    let sized = |cpus, memory| [("details[0].cpuNumber", cpus), ("details[0].memory", memory)];
    let too_much = [&custom.params()[..], &sized("5", "512")].concat();
    let (status, text) = admin.refused("deployVirtualMachine", &too_much).await;
    assert_eq!((status, text.contains("from 1 to 4")), (431, true), "{text}");
    let overridden = [&fixed.params()[..], &sized("1", "512")].concat();
    let (status, text) = admin.refused("deployVirtualMachine", &overridden).await;
    assert_eq!((status, text.contains("is fixed")), (431, true), "{text}");

    let (id, job) = deploy(&admin, &custom, &sized("3", "700")).await;
    let shown = &job["jobresult"]["virtualmachine"];
    assert_eq!((&shown["cpunumber"], &shown["memory"]), (&3.into(), &700.into()), "{job}");
    assert_eq!((&shown["cpuspeed"], &shown["details"]["cpuNumber"]), (&500.into(), &"3".into()));
    let domains = cloud.hosts[0].hypervisor.domains();
    assert_eq!((domains[0].vcpus, domains[0].memory.0), (3, 700));
    let answer = admin.ok("stopVirtualMachine", &[("id", &id)]).await;
    admin.job(answer["jobid"].as_str().unwrap()).await;
    let at = [("id", id.as_str()), ("serviceofferingid", &custom.offering)];
    let smaller = [&at[..], &sized("1", "300")].concat();
    let answer = admin.ok("scaleVirtualMachine", &smaller).await;
    assert_eq!(admin.job(answer["jobid"].as_str().unwrap()).await["jobstatus"], 1);
    assert_eq!(vm(&admin, &id).await["memory"], 300);
    let at = [("id", id.as_str()), ("serviceofferingid", &fixed.offering)];
    let answer = admin.ok("changeServiceForVirtualMachine", &at).await;
    assert_eq!(
        answer["virtualmachine"]["details"],
        serde_json::json!({}),
        "its size is fixed again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destroyed_vm_can_be_had_back() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let (id, _) = deploy(&admin, &ids, &[("name", "web")]).await;
    let (status, text) = admin.refused("recoverVirtualMachine", &[("id", &id)]).await;
    assert_eq!((status, text.contains("Destroyed")), (431, true), "{text}");
    for (command, state) in
        [("destroyVirtualMachine", "Destroyed"), ("startVirtualMachine", "Running")]
    {
        let answer = admin.ok(command, &[("id", &id)]).await;
        let job = admin.job(answer["jobid"].as_str().unwrap()).await;
        assert_eq!(job["jobresult"]["virtualmachine"]["state"], state, "{job}");
        if state == "Destroyed" {
            let answer = admin.ok("recoverVirtualMachine", &[("id", &id)]).await;
            assert_eq!(answer["virtualmachine"]["state"], "Stopped", "{answer}");
        }
    }
}
