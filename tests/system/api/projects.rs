//! Projects: what belongs to one is seen and used by its accounts, and by nobody who does not ask for it.

use hostler_model::AccountType;
use hostler_tests::cloud::Cloud;
use hostler_tests::http::{Api, tenant};
use serde_json::Value;

use super::World;

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUrS3cFqFZ8cnMmpvQkYz4gL4O3bBqJ9cT1h1n5E";

async fn user(world: &World, path: &str, name: &str) -> Api {
    let (store, address) = (&world.manager.context.store, world.admin.address);
    tenant(store, address, path, name, AccountType::User).await.unwrap()
}

async fn project(owner: &Api, name: &str) -> String {
    let answer = owner.ok("createProject", &[("name", name)]).await;
    let job = owner.job(answer["jobid"].as_str().unwrap()).await;
    assert_eq!(job["jobresult"]["project"]["name"], name, "{job}");
    answer["id"].as_str().unwrap().to_owned()
}

/// The names in a list of key pairs.
async fn keys(api: &Api, params: &[(&str, &str)]) -> Vec<String> {
    let list = api.ok("listSSHKeyPairs", params).await;
    let rows = list["sshkeypair"].as_array().cloned().unwrap_or_default();
    rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

async fn key(api: &Api, name: &str, project: Option<&str>) -> Value {
    let mut params = vec![("name", name), ("publickey", KEY)];
    params.extend(project.map(|id| ("projectid", id)));
    api.ok("registerSSHKeyPair", &params).await["keypair"].clone()
}

#[tokio::test]
async fn what_a_project_has_is_shown_to_its_accounts_when_they_ask_for_it() {
    let world = World::new().await;
    let alice = user(&world, "ROOT/shop", "alice").await;
    let bob = user(&world, "ROOT/shop", "bob").await;
    let carol = user(&world, "ROOT/shop", "carol").await;
    let id = project(&alice, "web").await;
    let of_project = [("projectid", id.as_str())];
    alice.ok("addAccountToProject", &[of_project[0], ("account", "bob")]).await;

    key(&alice, "own", None).await;
    let made = key(&bob, "shared", Some(&id)).await;
    assert_eq!((&made["project"], &made["projectid"]), (&"web".into(), &id.as_str().into()));
    assert!(made.get("account").is_none(), "{made}");

    for member in [&alice, &bob] {
        assert_eq!(keys(member, &of_project).await, ["shared"]);
        assert_eq!(keys(member, &[("projectid", "-1")]).await, ["shared"]);
    }
    assert_eq!(keys(&alice, &[]).await, ["own"]);
    assert_eq!(keys(&alice, &[("listall", "true")]).await, ["own"]);
    assert_eq!(keys(&bob, &[]).await, Vec::<String>::new());
    let everything = [("projectid", "-1"), ("listall", "true")];
    assert_eq!(keys(&alice, &everything).await, ["own", "shared"]);
    // administrators do not see projects' things unless they ask either
    assert_eq!(keys(&world.admin, &[("listall", "true")]).await, ["own"]);
    assert_eq!(keys(&world.admin, &of_project).await, ["shared"]);

    for command in ["listSSHKeyPairs", "listVirtualMachines", "listProjectAccounts"] {
        let (status, text) = carol.refused(command, &of_project).await;
        assert!(status == 431 && text.contains("does not exist"), "{command}: {text}");
    }
    assert_eq!(keys(&carol, &[("projectid", "-1")]).await, Vec::<String>::new());

    alice.ok("deleteAccountFromProject", &[of_project[0], ("account", "bob")]).await;
    assert_eq!(bob.refused("listSSHKeyPairs", &of_project).await.0, 431);
}

#[tokio::test]
async fn a_suspended_project_takes_nothing_new_until_it_is_active_again() {
    let world = World::new().await;
    let alice = user(&world, "ROOT/shop", "alice").await;
    let id = project(&alice, "web").await;
    alice.ok("suspendProject", &[("id", &id)]).await;
    let params = [("name", "k"), ("publickey", KEY), ("projectid", id.as_str())];
    let (status, text) = alice.refused("registerSSHKeyPair", &params).await;
    assert!(status == 431 && text.contains("web is Suspended"), "{text}");
    assert_eq!(keys(&alice, &[("projectid", &id)]).await, Vec::<String>::new());
    alice.ok("activateProject", &[("id", &id)]).await;
    key(&alice, "k", Some(&id)).await;
    assert_eq!(keys(&alice, &[("projectid", &id)]).await, ["k"]);
}

#[tokio::test]
async fn only_administrators_of_a_project_change_it() {
    let world = World::new().await;
    let alice = user(&world, "ROOT/shop", "alice").await;
    let bob = user(&world, "ROOT/shop", "bob").await;
    let carol = user(&world, "ROOT/shop", "carol").await;
    let id = project(&alice, "web").await;
    let named = [("id", id.as_str()), ("name", "shop")];
    alice.ok("addAccountToProject", &[("projectid", &id), ("account", "bob")]).await;
    assert_eq!(bob.refused("updateProject", &named).await.0, 531);
    assert_eq!(carol.refused("updateProject", &named).await.0, 431);

    // the owner hands it over, and is Regular then
    alice.ok("updateProject", &[("id", &id), ("account", "bob")]).await;
    assert_eq!(alice.refused("updateProject", &named).await.0, 531);
    bob.ok("updateProject", &named).await;
    let list = bob.ok("listProjectAccounts", &[("projectid", &id)]).await;
    let roles: Vec<_> = list["projectaccount"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["account"].as_str().unwrap(), row["role"].as_str().unwrap()))
        .collect();
    assert_eq!(roles, [("alice", "Regular"), ("bob", "Admin")]);
    let params = [("projectid", id.as_str()), ("account", "bob")];
    let (status, text) = bob.refused("deleteAccountFromProject", &params).await;
    assert!(status == 431 && text.contains("owns project shop"), "{text}");
    let shown = &alice.ok("listProjects", &[]).await["project"][0];
    assert_eq!((&shown["name"], &shown["owner"][0]["account"]), (&"shop".into(), &"bob".into()));

    // deleted, nothing is left of it, and its name is free
    let gone = bob.ok("deleteProject", &[("id", &id)]).await;
    bob.job(gone["jobid"].as_str().unwrap()).await;
    assert!(alice.ok("listProjects", &[]).await.get("project").is_none());
    project(&alice, "shop").await;
    let params = [("name", "shop")];
    assert_eq!(bob.refused("createProject", &params).await.0, 536);
}

#[tokio::test]
async fn projects_and_what_they_have_are_limited() {
    let world = World::new().await;
    let alice = user(&world, "ROOT/shop", "alice").await;
    let params = [("name", "max.account.projects"), ("value", "2")];
    world.admin.ok("updateConfiguration", &params).await;
    let all = (0..6).map(async |n: i32| {
        alice.call("createProject", &[("name", &format!("p{n}"))]).await.status
    });
    let replies = futures_util::future::join_all(all).await;
    assert_eq!(replies.iter().filter(|status| **status == 200).count(), 2);
    assert_eq!(replies.iter().filter(|status| **status == 535).count(), 4);
    let projects = alice.ok("listProjects", &[]).await["project"].clone();
    let id = projects[0]["id"].as_str().unwrap();
    let limits = alice.ok("listResourceLimits", &[("projectid", id), ("resourcetype", "0")]).await;
    let limit = &limits["resourcelimit"][0];
    assert_eq!((&limit["max"], &limit["projectid"]), (&20.into(), &id.into()));
    assert_eq!(projects[0]["vmavailable"], "20");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vm_of_a_project_is_everybodys_in_it_and_goes_with_the_project() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let address = cloud.manager.as_ref().unwrap().api;
    let of =
        async |name| tenant(cloud.store(), address, "ROOT/shop", name, AccountType::User).await;
    let (alice, bob, carol) =
        (of("alice").await.unwrap(), of("bob").await.unwrap(), of("carol").await.unwrap());
    let id = project(&alice, "web").await;
    alice.ok("addAccountToProject", &[("projectid", &id), ("account", "bob")]).await;
    let c = cloud.catalogue;
    let [zone, offering, template] =
        [c.zone.to_string(), c.offering.to_string(), c.template.to_string()];
    let params = [
        ("zoneid", zone.as_str()),
        ("serviceofferingid", &offering),
        ("templateid", &template),
        ("projectid", &id),
    ];
    let answer = alice.ok("deployVirtualMachine", &params).await;
    let job = alice.job(answer["jobid"].as_str().unwrap()).await;
    let vm = &job["jobresult"]["virtualmachine"];
    assert_eq!((&vm["project"], &vm["state"]), (&"web".into(), &"Running".into()), "{job}");
    let vm = answer["id"].as_str().unwrap();

    // bob stops it; carol does not even learn that it is there
    let (status, text) = carol.refused("stopVirtualMachine", &[("id", vm)]).await;
    assert!(status == 431 && text.contains("does not exist"), "{text}");
    let stopped = bob.ok("stopVirtualMachine", &[("id", vm)]).await;
    assert_eq!(bob.job(stopped["jobid"].as_str().unwrap()).await["jobstatus"], 1);
    let by_id = bob.ok("listVirtualMachines", &[("id", vm)]).await;
    assert_eq!(by_id["virtualmachine"][0]["projectid"], id.as_str());
    let volumes = bob.ok("listVolumes", &[("projectid", &id)]).await;
    assert_eq!((&volumes["count"], &volumes["volume"][0]["project"]), (&1.into(), &"web".into()));
    let tags = [
        ("resourceids", vm),
        ("resourcetype", "UserVm"),
        ("tags[0].key", "k"),
        ("tags[0].value", "v"),
    ];
    let tagged = bob.ok("createTags", &tags).await;
    assert_eq!(bob.job(tagged["jobid"].as_str().unwrap()).await["jobstatus"], 1);
    assert_eq!(bob.ok("listTags", &[("projectid", &id)]).await["tag"][0]["value"], "v");
    assert_eq!(bob.ok("listTags", &[]).await, serde_json::json!({}), "not bob's own");
    assert_eq!(bob.ok("listNetworks", &[("projectid", &id)]).await["count"], 1);
    for command in ["listTags", "listNetworks"] {
        let refused = carol.refused(command, &[("projectid", &id)]).await;
        assert_eq!(refused.0, 431, "{command}: {}", refused.1);
    }
    let shown = &alice.ok("listProjects", &[]).await["project"][0];
    assert_eq!((&shown["vmtotal"], &shown["volumetotal"]), (&1.into(), &1.into()));

    let (status, text) = alice.refused("deleteProject", &[("id", &id)]).await;
    assert!(status == 536 && text.contains("still has 1 VMs"), "{text}");
    assert_eq!(bob.refused("deleteProject", &[("id", &id), ("cleanup", "true")]).await.0, 531);
    let gone = alice.ok("deleteProject", &[("id", &id), ("cleanup", "true")]).await;
    let job = alice.job(gone["jobid"].as_str().unwrap()).await;
    assert_eq!(job["jobstatus"], 1, "{job}");
    assert!(alice.ok("listProjects", &[]).await.get("project").is_none());
    assert_eq!(bob.refused("listVolumes", &[("projectid", &id)]).await.0, 431);
    assert_eq!(cloud.domains(), Vec::<String>::new());
    project(&alice, "web").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vm_of_a_project_is_given_the_projects_keys_groups_and_user_data() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let address = cloud.manager.as_ref().unwrap().api;
    let alice = tenant(cloud.store(), address, "ROOT/shop", "alice", AccountType::User);
    let alice = alice.await.unwrap();
    let id = project(&alice, "web").await;
    let of_project = ("projectid", id.as_str());
    let made = alice.ok("createSSHKeyPair", &[("name", "k"), of_project]).await;
    assert_eq!(made["keypair"]["projectid"], id.as_str(), "{made}");
    let apart = [("name", "apart"), ("type", "host anti-affinity"), of_project];
    let group = alice.ok("createAffinityGroup", &apart).await["id"].clone();
    let data = [("name", "d"), ("userdata", "eA=="), of_project];
    let data = alice.ok("registerUserData", &data).await["userdata"]["id"].clone();
    let c = cloud.catalogue;
    let [zone, offering, template] =
        [c.zone.to_string(), c.offering.to_string(), c.template.to_string()];
    let params = [
        ("zoneid", zone.as_str()),
        ("serviceofferingid", &offering),
        ("templateid", &template),
        ("keypair", "k"),
        ("affinitygroupids", group.as_str().unwrap()),
        ("userdataid", data.as_str().unwrap()),
        of_project,
    ];
    let answer = alice.ok("deployVirtualMachine", &params).await;
    let job = alice.job(answer["jobid"].as_str().unwrap()).await;
    let vm = &job["jobresult"]["virtualmachine"];
    assert_eq!((&vm["keypairs"], &vm["userdataid"]), (&"k".into(), &data), "{job}");
    assert_eq!(vm["affinitygroup"][0]["projectid"], id.as_str(), "{job}");

    // by its name it is found in the project, and only there
    let named = ("name", "apart");
    assert_eq!(alice.refused("deleteAffinityGroup", &[named]).await.0, 431);
    let gone = alice.ok("deleteProject", &[("id", &id), ("cleanup", "true")]).await;
    assert_eq!(alice.job(gone["jobid"].as_str().unwrap()).await["jobstatus"], 1);
    assert_eq!(alice.ok("listAffinityGroups", &[]).await, serde_json::json!({}));
}
