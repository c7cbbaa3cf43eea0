//! Changes of VMs that exist, through the API.

use hostler_model::AccountType;
use hostler_tests::cloud::Cloud;
use hostler_tests::http::{Api, tenant};
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
    database(cloud)
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

#[tokio::test(flavor = "multi_thread")]
async fn other_ssh_keys_reach_the_guest_at_its_next_start() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUrS3cFqFZ8cnMmpvQkYz4gL4O3bBqJ9cT1h1n5E";
    admin.ok("registerSSHKeyPair", &[("name", "mine"), ("publickey", key)]).await;
    let (id, _) = deploy(&admin, &ids, &[("name", "web")]).await;
    let params = [("id", id.as_str()), ("keypair", "mine")];
    assert_eq!(admin.refused("resetSSHKeyForVirtualMachine", &params).await.0, 431);
    stop(&admin, &id).await;
    let wrong = [("id", id.as_str()), ("keypair", "none")];
    let (status, text) = admin.refused("resetSSHKeyForVirtualMachine", &wrong).await;
    assert_eq!((status, text.contains("none")), (431, true), "{text}");
    let answer = admin.ok("resetSSHKeyForVirtualMachine", &params).await;
    let job = admin.job(answer["jobid"].as_str().unwrap()).await;
    assert_eq!(job["jobresult"]["virtualmachine"]["keypairs"], "mine", "{job}");
    let blueprint = blueprint(&cloud, &id).await;
    assert_eq!((blueprint.vm.seed_number, blueprint.vm.ssh_keys[0].name.as_str()), (1, "mine"));
}

async fn stop(api: &Api, id: &str) {
    let answer = api.ok("stopVirtualMachine", &[("id", id)]).await;
    assert_eq!(api.job(answer["jobid"].as_str().unwrap()).await["jobstatus"], 1);
}

async fn blueprint(cloud: &Cloud, id: &str) -> hostler_store::blueprint::Blueprint {
    let vm = id.parse().unwrap();
    let read = move |tx: &hostler_store::Tx<'_>| hostler_store::blueprint::blueprint(tx, vm);
    cloud.store().read(read).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_told_once_and_forgotten_when_the_guest_has_it() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let (id, job) = deploy(&admin, &ids, &[("name", "web")]).await;
    assert!(job["jobresult"]["virtualmachine"].get("password").is_none(), "{job}");
    stop(&admin, &id).await;
    let (status, text) = admin.refused("resetPasswordForVirtualMachine", &[("id", &id)]).await;
    assert_eq!((status, text.contains("passwordenabled")), (431, true), "{text}");
    database(&cloud).execute_batch("UPDATE template SET password_enabled = 1").unwrap();
    let answer = admin.ok("resetPasswordForVirtualMachine", &[("id", &id)]).await;
    let job = answer["jobid"].as_str().unwrap();
    let told = admin.job(job).await["jobresult"]["virtualmachine"]["password"].clone();
    let told = told.as_str().unwrap();
    assert_eq!(told.len(), 12);
    let again = admin.job(job).await;
    assert!(again["jobresult"]["virtualmachine"].get("password").is_none(), "{again}");
    assert_eq!(blueprint(&cloud, &id).await.vm.password.unwrap().0, told);
    let answer = admin.ok("startVirtualMachine", &[("id", &id)]).await;
    admin.job(answer["jobid"].as_str().unwrap()).await;
    assert_eq!(blueprint(&cloud, &id).await.vm.password, None, "the guest has it");

    let (id, job) = deploy(&admin, &ids, &[("name", "next")]).await;
    let told = &job["jobresult"]["virtualmachine"]["password"];
    assert_eq!(told.as_str().unwrap().len(), 12, "{job}");
    assert_eq!(blueprint(&cloud, &id).await.vm.password, None, "told, and in the guest");
}

fn database(cloud: &Cloud) -> rusqlite::Connection {
    rusqlite::Connection::open(cloud.folder().join("manager/hostler.db")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vm_is_restored_running_and_stopped() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let (id, _) = deploy(&admin, &ids, &[("name", "web")]).await;
    let volume = async || {
        let listed = admin.ok("listVolumes", &[("virtualmachineid", &id)]).await;
        assert_eq!(listed["count"], 1, "{listed}");
        (listed["volume"][0]["id"].clone(), listed["volume"][0]["state"].clone())
    };
    let first = volume().await;
    let of = [("virtualmachineid", id.as_str())];
    let answer = admin.ok("restoreVirtualMachine", &of).await;
    let job = admin.job(answer["jobid"].as_str().unwrap()).await;
    assert_eq!(job["jobresult"]["virtualmachine"]["state"], "Running", "{job}");
    let second = volume().await;
    assert_ne!(first.0, second.0);
    assert_eq!(second.1, "Ready");
    stop(&admin, &id).await;
    let answer = admin.ok("restoreVirtualMachine", &of).await;
    let job = admin.job(answer["jobid"].as_str().unwrap()).await;
    assert_eq!(job["jobresult"]["virtualmachine"]["state"], "Stopped", "{job}");
    assert_ne!(volume().await.0, second.0);
    let small = [of[0], ("rootdisksize", "0")];
    assert_eq!(admin.refused("restoreVirtualMachine", &small).await.0, 431);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_vm_is_given_to_another_account() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let user = AccountType::User;
    let owner = tenant(cloud.store(), admin.address, "ROOT", "owner", user).await.unwrap();
    let heir = tenant(cloud.store(), admin.address, "ROOT", "heir", user).await.unwrap();
    let (id, _) = deploy(&owner, &ids, &[("name", "web"), ("startvm", "false")]).await;
    let params = [("virtualmachineid", id.as_str()), ("account", "heir")];
    let (status, _) = owner.refused("assignVirtualMachine", &params).await;
    assert_eq!(status, 432, "it is for administrators");
    let answer = admin.ok("assignVirtualMachine", &params).await;
    assert_eq!(answer["virtualmachine"]["account"], "heir");
    assert_eq!(owner.ok("listVirtualMachines", &[]).await, serde_json::json!({}));
    assert_eq!(heir.ok("listVirtualMachines", &[]).await["count"], 1);
    assert_eq!(heir.ok("listVolumes", &[]).await["count"], 1);
}

/// Addresses and networks of a VM, the default one first.
fn nics(vm: &Value) -> Vec<(String, String, bool)> {
    let text = |nic: &Value, name: &str| nic[name].as_str().unwrap().to_owned();
    let nics = vm["nic"].as_array().unwrap().iter();
    nics.map(|nic| (text(nic, "networkname"), text(nic, "ipaddress"), nic["isdefault"] == true))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vm_is_given_away_to_a_project_and_to_networks_and_groups_of_its_new_owner() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let user = AccountType::User;
    let owner = tenant(cloud.store(), admin.address, "ROOT", "owner", user).await.unwrap();
    let heir = tenant(cloud.store(), admin.address, "ROOT", "heir", user).await.unwrap();
    let (id, _) = deploy(&owner, &ids, &[("name", "web"), ("startvm", "false")]).await;
    let project = heir.ok("createProject", &[("name", "shop")]).await;
    let project = project["id"].as_str().unwrap();
    let root = admin.ok("listDomains", &[]).await["domain"][0]["id"].clone();
    let network = async |name: &str, third: u8, owner: &str| {
        let at = |last: u8| format!("10.7.{third}.{last}");
        let (gateway, start, end) = (at(1), at(10), at(20));
        let made = [
            ("name", name),
            ("zoneid", ids.zone.as_str()),
            ("gateway", &gateway),
            ("netmask", "255.255.255.0"),
            ("startip", &start),
            ("endip", &end),
            ("bridge", name),
            ("acltype", "Account"),
            ("account", owner),
            ("domainid", root.as_str().unwrap()),
        ];
        let made = admin.ok("createNetwork", &made).await;
        made["network"]["id"].as_str().unwrap().to_owned()
    };
    let (his, heirs) = (network("his", 1, "owner").await, network("heirs", 2, "heir").await);
    let vm = ("virtualmachineid", id.as_str());
    let to_heir = [vm, ("account", "heir")];
    for (networks, says) in [
        (his.clone(), "no network of the VM's zone that the account may use"),
        (format!("{heirs},{heirs}"), "is named twice"),
    ] {
        let params = [&to_heir[..], &[("networkids", &networks)]].concat();
        let (status, text) = admin.refused("assignVirtualMachine", &params).await;
        assert_eq!((status, text.contains(says)), (431, true), "{text}");
    }
    let before = admin.ok("listVirtualMachines", &[("id", &id)]).await["virtualmachine"][0].clone();
    assert_eq!(before["account"], "owner", "what is refused changes nothing");
    let guests = before["nic"][0]["networkid"].as_str().unwrap();
    let networks = format!("{heirs},{guests}");
    let params = [&to_heir[..], &[("networkids", &networks)]].concat();
    let answer = admin.ok("assignVirtualMachine", &params).await["virtualmachine"].clone();
    let (old, new) = (nics(&before), nics(&answer));
    assert_eq!((new.len(), new[0].0.as_str(), new[0].2), (2, "heirs", true), "{new:?}");
    assert_eq!((&new[1].0, &new[1].1), (&old[0].0, &old[0].1), "it keeps its address");
    assert_eq!(answer["nic"][1]["macaddress"], before["nic"][0]["macaddress"]);
    let answer = admin.ok("assignVirtualMachine", &[vm, ("projectid", project)]).await;
    assert_eq!(answer["virtualmachine"]["projectid"], project);
    let (status, text) = admin.refused("assignVirtualMachine", &[vm]).await;
    assert_eq!((status, text.contains("projectid")), (431, true), "{text}");
    assert_eq!(cloud.audit().await.unwrap(), [""; 0]);
    let job = heir.ok("suspendProject", &[("id", project)]).await;
    heir.job(job["jobid"].as_str().unwrap()).await;
    admin.ok("assignVirtualMachine", &to_heir).await;
    let (status, text) = admin.refused("assignVirtualMachine", &[vm, ("projectid", project)]).await;
    assert_eq!((status, text.contains("takes nothing new")), (431, true), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_and_user_data_of_a_projects_vm_are_named_with_the_project() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let user = AccountType::User;
    let owner = tenant(cloud.store(), admin.address, "ROOT", "owner", user).await.unwrap();
    let project = owner.ok("createProject", &[("name", "shop")]).await;
    let shop = ("projectid", project["id"].as_str().unwrap());
    owner.ok("createSSHKeyPair", &[("name", "k"), shop]).await;
    let (id, _) = deploy(&owner, &ids, &[("name", "web"), ("startvm", "false"), shop]).await;
    let vm = ("id", id.as_str());
    let keys = [vm, ("keypair", "k"), shop];
    let answer = owner.ok("resetSSHKeyForVirtualMachine", &keys).await;
    let job = owner.job(answer["jobid"].as_str().unwrap()).await;
    assert_eq!(job["jobresult"]["virtualmachine"]["keypairs"], "k", "{job}");
    let data = [vm, ("userdata", "eA=="), shop];
    admin.ok("resetUserDataForVirtualMachine", &data).await;
    let of_another = [vm, ("userdata", "eA=="), ("account", "owner")];
    let (status, text) = admin.refused("resetUserDataForVirtualMachine", &of_another).await;
    assert_eq!((status, text.contains("another one's")), (431, true), "{text}");
}
