//! Domains, accounts, users and roles: who may do what to whom, and what ends with them.

use hostler_model::AccountType;
use hostler_tests::cloud::Cloud;
use hostler_tests::http::{Api, Reply, request, tenant};
use serde_json::Value;

use super::World;

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

const PERSON: [(&str, &str); 4] =
    [("email", "a@b.invalid"), ("firstname", "A"), ("lastname", "B"), ("password", "secret")];

async fn create_domain(api: &Api, name: &str, parent: &str) -> Value {
    let mut params = vec![("name", name)];
    if !parent.is_empty() {
        params.push(("parentdomainid", parent));
    }
    api.ok("createDomain", &params).await["domain"].clone()
}

async fn create_account(api: &Api, name: &str, domain: &str, more: (&str, &str)) -> Value {
    let who = [("username", name), ("domainid", domain), more];
    api.ok("createAccount", &[&PERSON[..], &who].concat()).await["account"].clone()
}

/// The user of an account that was just made, with keys.
async fn keys_of(admin: &Api, account: &Value) -> Api {
    let user = text(&account["user"][0]["id"]);
    let keys = admin.ok("registerUserKeys", &[("id", &user)]).await["userkeys"].clone();
    Api { address: admin.address, key: text(&keys["apikey"]), secret: text(&keys["secretkey"]) }
}

async fn log_in(world: &World, name: &str, domain: &str, password: &str) -> Reply {
    let body = format!(
        "command=login&username={name}&domainid={domain}&password={password}&response=json"
    );
    request(world.admin.address, "POST", "/client/api", &[], &body).await.unwrap()
}

/// Calls `listZones` within the session of a log-in.
async fn in_session(world: &World, login: &Reply) -> u16 {
    let cookies: Vec<String> =
        login.cookies().iter().map(|(name, value)| format!("{name}={value}")).collect();
    let key = text(&login.inner()["sessionkey"]);
    let body = format!("command=listZones&response=json&sessionkey={key}");
    let headers = [("Cookie", cookies.join("; "))];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(k, v)| (*k, v.as_str())).collect();
    request(world.admin.address, "POST", "/client/api", &headers, &body).await.unwrap().status
}

#[tokio::test]
async fn a_renamed_or_moved_domain_takes_everything_below_it_along() {
    let world = World::new().await;
    let admin = &world.admin;
    let shop = text(&create_domain(admin, "shop", "").await["id"]);
    let test = create_domain(admin, "test", &shop).await;
    let leaf = text(&create_domain(admin, "leaf", &text(&test["id"])).await["id"]);
    let path =
        async |id: &str| text(&admin.ok("listDomains", &[("id", id)]).await["domain"][0]["path"]);
    assert_eq!(path(&leaf).await, "ROOT/shop/test/leaf");
    let renamed = admin.ok("updateDomain", &[("id", &shop), ("name", "store")]).await;
    assert_eq!(renamed["domain"]["path"], "ROOT/store");
    assert_eq!(path(&leaf).await, "ROOT/store/test/leaf");
    let bank = text(&create_domain(admin, "bank", "").await["id"]);
    let to_bank = [("domainid", shop.as_str()), ("parentdomainid", bank.as_str())];
    admin.ok("moveDomain", &to_bank).await;
    assert_eq!(path(&leaf).await, "ROOT/bank/store/test/leaf");
    let into_itself = [("domainid", bank.as_str()), ("parentdomainid", leaf.as_str())];
    assert_eq!(admin.refused("moveDomain", &into_itself).await.0, 431);
    let (status, why) = admin.refused("createDomain", &[("name", "bank")]).await;
    assert_eq!((status, why.contains("ROOT/bank")), (431, true), "{why}");
    let below = admin.ok("listDomainChildren", &[("id", &bank), ("isrecursive", "true")]).await;
    assert_eq!(below["count"], 3);
    assert_eq!(admin.ok("listDomainChildren", &[("id", &bank)]).await["count"], 1);
}

#[tokio::test]
async fn a_domain_with_something_in_it_is_deleted_only_with_all_of_it_and_its_path_is_free_then() {
    let world = World::new().await;
    let admin = &world.admin;
    let shop = text(&create_domain(admin, "shop", "").await["id"]);
    let test = text(&create_domain(admin, "test", &shop).await["id"]);
    let account = create_account(admin, "ada", &test, ("accounttype", "0")).await;
    let ada = keys_of(admin, &account).await;
    let (status, why) = admin.refused("deleteDomain", &[("id", &shop)]).await;
    assert_eq!((status, why.contains("1 domains")), (536, true), "{why}");
    let job = admin.ok("deleteDomain", &[("id", &shop), ("cleanup", "true")]).await;
    let ended = admin.job(&text(&job["jobid"])).await;
    assert_eq!(ended["jobstatus"], 1, "{ended}");
    assert_eq!(ada.call("listZones", &[]).await.status, 401);
    assert_eq!(admin.ok("listDomains", &[]).await["count"], 1);
    create_domain(admin, "shop", "").await;
    let root = text(&admin.ok("listDomains", &[("level", "0")]).await["domain"][0]["id"]);
    assert_eq!(admin.refused("deleteDomain", &[("id", &root)]).await.0, 431);
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_an_account_expunges_what_it_has_and_its_name_is_free_then() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let address = cloud.manager.as_ref().unwrap().api;
    let admin = Api::admin(address, &cloud.folder().join("manager")).unwrap();
    let domain = text(&create_domain(&admin, "shop", "").await["id"]);
    let account = create_account(&admin, "ada", &domain, ("accounttype", "0")).await;
    let ada = keys_of(&admin, &account).await;
    let c = cloud.catalogue;
    let [zone, offering, template] =
        [c.zone.to_string(), c.offering.to_string(), c.template.to_string()];
    let vm =
        [("zoneid", zone.as_str()), ("serviceofferingid", &offering), ("templateid", &template)];
    for _ in 0..2 {
        let job = ada.ok("deployVirtualMachine", &vm).await;
        assert_eq!(ada.job(&text(&job["jobid"])).await["jobstatus"], 1);
    }
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUrS3cFqFZ8cnMmpvQkYz4gL4O3bBqJ9cT1h1n5E";
    ada.ok("registerSSHKeyPair", &[("name", "k"), ("publickey", key)]).await;
    assert_eq!(cloud.domains().len(), 2);
    let id = text(&account["id"]);
    let job = admin.ok("deleteAccount", &[("id", &id)]).await;
    assert_eq!(ada.call("listZones", &[]).await.status, 401, "its keys are refused at once");
    let ended = admin.job(&text(&job["jobid"])).await;
    assert_eq!(ended["jobstatus"], 1, "{ended}");
    assert_eq!(cloud.domains(), Vec::<String>::new());
    let steps = admin.ok("listJobSteps", &[("jobid", &text(&job["jobid"]))]).await;
    assert!(steps.to_string().contains("2 VMs expunged"), "{steps}");
    let vms = admin.ok("listVirtualMachines", &[("listall", "true")]).await;
    assert!(vms.get("virtualmachine").is_none(), "{vms}");
    let again = create_account(&admin, "ada", &domain, ("accounttype", "0")).await;
    assert_ne!(again["id"], account["id"]);
    let events = admin.ok("listEvents", &[("listall", "true"), ("type", "ACCOUNT.DELETE")]).await;
    assert_eq!(events["count"], 2, "asked for, and done: {events}");
}

#[tokio::test(flavor = "multi_thread")]
async fn disabling_an_account_stops_its_vms_and_locking_it_does_not() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let address = cloud.manager.as_ref().unwrap().api;
    let admin = Api::admin(address, &cloud.folder().join("manager")).unwrap();
    let root = text(&admin.ok("listDomains", &[]).await["domain"][0]["id"]);
    let account = create_account(&admin, "ada", &root, ("accounttype", "0")).await;
    let ada = keys_of(&admin, &account).await;
    let c = cloud.catalogue;
    let [zone, offering, template] =
        [c.zone.to_string(), c.offering.to_string(), c.template.to_string()];
    let vm =
        [("zoneid", zone.as_str()), ("serviceofferingid", &offering), ("templateid", &template)];
    let job = ada.ok("deployVirtualMachine", &vm).await;
    let vm = text(&job["id"]);
    assert_eq!(ada.job(&text(&job["jobid"])).await["jobstatus"], 1);
    let state = async || {
        text(&admin.ok("listVirtualMachines", &[("id", &vm)]).await["virtualmachine"][0]["state"])
    };
    let id = text(&account["id"]);
    for (lock, left) in [("true", "Running"), ("false", "Stopped")] {
        let job = admin.ok("disableAccount", &[("id", &id), ("lock", lock)]).await;
        assert_eq!(ada.call("listZones", &[]).await.status, 401);
        let ended = admin.job(&text(&job["jobid"])).await;
        assert_eq!(ended["jobstatus"], 1, "{ended}");
        assert_eq!(state().await, left);
        admin.ok("enableAccount", &[("id", &id)]).await;
        assert_eq!(ada.call("listZones", &[]).await.status, 200);
    }
}

#[tokio::test]
async fn who_is_disabled_locked_or_deleted_is_refused_at_once_by_key_and_by_session() {
    let world = World::new().await;
    let admin = &world.admin;
    let root = text(&admin.ok("listDomains", &[]).await["domain"][0]["id"]);
    let account = create_account(admin, "ada", &root, ("accounttype", "0")).await;
    let (id, ada) = (text(&account["user"][0]["id"]), keys_of(admin, &account).await);
    for command in ["disableUser", "lockUser"] {
        let login = log_in(&world, "ada", &root, "secret").await;
        assert_eq!((login.status, in_session(&world, &login).await), (200, 200));
        admin.ok(command, &[("id", &id)]).await;
        assert_eq!(in_session(&world, &login).await, 401, "{command}");
        assert_eq!(ada.call("listZones", &[]).await.status, 401, "{command}");
        assert_eq!(log_in(&world, "ada", &root, "secret").await.status, 531, "{command}");
        admin.ok("enableUser", &[("id", &id)]).await;
        assert_eq!(ada.call("listZones", &[]).await.status, 200);
    }
    let login = log_in(&world, "ada", &root, "secret").await;
    admin.ok("lockAccount", &[("account", "ada"), ("domainid", &root)]).await;
    admin.ok("enableAccount", &[("account", "ada"), ("domainid", &root)]).await;
    assert_eq!(in_session(&world, &login).await, 401, "a session that has ended stays ended");
    admin.ok("deleteUser", &[("id", &id)]).await;
    assert_eq!(ada.call("listZones", &[]).await.status, 401);
    assert_eq!(admin.refused("getUserKeys", &[("id", &id)]).await.0, 431);
}

#[tokio::test]
async fn five_wrong_passwords_in_a_row_disable_a_user_and_a_right_one_between_forgives() {
    let world = World::new().await;
    let admin = &world.admin;
    let root = text(&admin.ok("listDomains", &[]).await["domain"][0]["id"]);
    let account = create_account(admin, "ada", &root, ("accounttype", "0")).await;
    let id = text(&account["user"][0]["id"]);
    let guess = async |password| log_in(&world, "ada", &root, password).await.status;
    for _ in 0..4 {
        assert_eq!(guess("wrong").await, 531);
    }
    assert_eq!(guess("secret").await, 200);
    for _ in 0..4 {
        assert_eq!(guess("wrong").await, 531);
    }
    assert_eq!(guess("secret").await, 200);
    for _ in 0..5 {
        assert_eq!(guess("wrong").await, 531);
    }
    assert_eq!(guess("secret").await, 531);
    let user = admin.ok("listUsers", &[("id", &id)]).await["user"][0].clone();
    assert_eq!(user["state"], "disabled");
    let events = admin.ok("listEvents", &[("listall", "true"), ("type", "USER.DISABLE")]).await;
    assert_eq!(events["count"], 1, "{events}");
    admin.ok("enableUser", &[("id", &id)]).await;
    assert_eq!(guess("secret").await, 200);
}

#[tokio::test]
async fn a_user_changes_its_password_with_the_present_one_and_nobody_elses() {
    let world = World::new().await;
    let admin = &world.admin;
    let root = text(&admin.ok("listDomains", &[]).await["domain"][0]["id"]);
    let account = create_account(admin, "ada", &root, ("accounttype", "0")).await;
    let (id, ada) = (text(&account["user"][0]["id"]), keys_of(admin, &account).await);
    let new = [("id", id.as_str()), ("password", "better")];
    let (status, why) = ada.refused("updateUser", &new).await;
    assert_eq!((status, why.contains("currentpassword")), (431, true), "{why}");
    let wrong = [&new[..], &[("currentpassword", "wrong")]].concat();
    assert_eq!(ada.refused("updateUser", &wrong).await.0, 431);
    let right = [&new[..], &[("currentpassword", "secret")]].concat();
    ada.ok("updateUser", &right).await;
    assert_eq!(log_in(&world, "ada", &root, "better").await.status, 200);
    let users = admin.ok("listUsers", &[("username", "admin")]).await;
    let other = text(&users["user"][0]["id"]);
    let unknown = uuid::Uuid::new_v4().to_string();
    for command in ["updateUser", "getUserKeys", "registerUserKeys", "listUsers"] {
        let answer = async |id: &str| {
            let (status, why) = ada.refused(command, &[("id", id)]).await;
            (status, why.replace(id, "ID"))
        };
        assert_eq!(answer(&other).await, answer(&unknown).await, "{command}");
    }
    assert_eq!(ada.ok("listUsers", &[("listall", "true")]).await["count"], 1);
}

#[tokio::test]
async fn a_domain_administrator_manages_its_own_part_of_the_tree_and_gives_no_more_than_it_has() {
    let world = World::new().await;
    let (store, admin) = (&world.manager.context.store, &world.admin);
    let of = async |path, name, kind| tenant(store, admin.address, path, name, kind).await.unwrap();
    let head = of("ROOT/shop", "head", AccountType::DomainAdmin).await;
    of("ROOT/bank", "other", AccountType::User).await;
    let root = text(&admin.ok("listDomains", &[("level", "0")]).await["domain"][0]["id"]);
    let bank = text(&admin.ok("listDomains", &[("name", "bank")]).await["domain"][0]["id"]);
    let own = create_domain(&head, "test", "").await;
    assert_eq!(own["path"], "ROOT/shop/test");
    let own = text(&own["id"]);
    let account = create_account(&head, "ada", &own, ("accounttype", "0")).await;
    head.ok("updateAccount", &[("id", &text(&account["id"])), ("newname", "eve")]).await;
    let made = |name, domain, kind| {
        [&PERSON[..], &[("username", name), ("domainid", domain), ("accounttype", kind)]].concat()
    };
    for kind in ["1", "3"] {
        let (status, why) = head.refused("createAccount", &made("x", &own, kind)).await;
        assert_eq!(status, 531, "{kind}: {why}");
    }
    create_account(&head, "second", &own, ("accounttype", "2")).await;
    for domain in [&root, &bank] {
        let (status, why) = head.refused("createAccount", &made("x", domain, "0")).await;
        assert_eq!((status, why.contains("domainid")), (431, true), "{why}");
        let (status, _) =
            head.refused("createDomain", &[("name", "x"), ("parentdomainid", domain)]).await;
        assert_eq!(status, 431);
        assert_eq!(head.refused("deleteDomain", &[("id", domain)]).await.0, 431);
    }
    let others = admin.ok("listAccounts", &[("listall", "true"), ("name", "other")]).await;
    let other = text(&others["account"][0]["id"]);
    let unknown = uuid::Uuid::new_v4().to_string();
    for (command, more) in [
        ("deleteAccount", None),
        ("disableAccount", Some(("lock", "true"))),
        ("enableAccount", None),
    ] {
        let answer = async |id: &str| {
            let params: Vec<_> = [("id", id)].into_iter().chain(more).collect();
            let (status, why) = head.refused(command, &params).await;
            (status, why.replace(id, "ID"))
        };
        assert_eq!(answer(&other).await, answer(&unknown).await, "{command}");
    }
    let its = admin.ok("listAccounts", &[("listall", "true"), ("name", "head")]).await;
    let its = text(&its["account"][0]["id"]);
    assert_eq!(head.refused("deleteAccount", &[("id", &its)]).await.0, 431, "its own account");
}

#[tokio::test]
async fn a_role_of_ones_own_takes_away_and_never_adds() {
    let world = World::new().await;
    let admin = &world.admin;
    let root = text(&admin.ok("listDomains", &[]).await["domain"][0]["id"]);
    let role = admin.ok("createRole", &[("name", "reader"), ("type", "User")]).await;
    let role = text(&role["role"]["id"]);
    let account = create_account(admin, "ada", &root, ("roleid", &role)).await;
    assert_eq!((&account["rolename"], &account["roletype"]), (&"reader".into(), &"User".into()));
    let ada = keys_of(admin, &account).await;
    let status = async |command| ada.call(command, &[]).await.status;
    assert_eq!(status("listZones").await, 432, "no rule allows it");
    let rule = async |pattern, permission| {
        let params = [("roleid", role.as_str()), ("rule", pattern), ("permission", permission)];
        text(&admin.ok("createRolePermission", &params).await["rolepermission"]["id"])
    };
    let deny = rule("listZones", "deny").await;
    let list = rule("list*", "allow").await;
    let create = rule("createZone", "allow").await;
    assert_eq!(status("listZones").await, 432, "the first rule that fits decides");
    assert_eq!(status("listUsers").await, 200);
    assert_eq!(status("createZone").await, 432, "a role allows no more than its type");
    let order = format!("{list},{deny},{create}");
    admin.ok("updateRolePermission", &[("roleid", &role), ("ruleorder", &order)]).await;
    assert_eq!(status("listZones").await, 200);
    let apis = ada.ok("listApis", &[]).await;
    let names = apis["api"].as_array().unwrap().iter().map(|api| text(&api["name"]));
    assert!(names.filter(|n| n != "login" && n != "logout").all(|n| n.starts_with("list")));
    assert_eq!(admin.refused("deleteRole", &[("id", &role)]).await.0, 536, "accounts have it");
    admin.ok("disableRole", &[("id", &role)]).await;
    assert_eq!(status("listUsers").await, 401);
    admin.ok("enableRole", &[("id", &role)]).await;
    assert_eq!(status("listUsers").await, 200);
    let user = "00000000-0000-4000-8000-000000000004";
    admin.ok("updateAccount", &[("id", &text(&account["id"])), ("roleid", user)]).await;
    assert_eq!(status("stopVirtualMachine").await, 431, "only a parameter is missing");
    admin.ok("deleteRole", &[("id", &role)]).await;
    assert_eq!(admin.refused("deleteRole", &[("id", user)]).await.0, 431, "a default one stays");
}

#[tokio::test]
async fn nobody_gives_rights_that_a_role_has_taken_from_them() {
    let world = World::new().await;
    let admin = &world.admin;
    let shop = text(&create_domain(admin, "shop", "").await["id"]);
    let rules = [
        ("name", "staff"),
        ("type", "DomainAdmin"),
        ("rules[0].rule", "deleteAccount"),
        ("rules[0].permission", "deny"),
        ("rules[1].rule", "*"),
        ("rules[1].permission", "allow"),
    ];
    let role = text(&admin.ok("importRole", &rules).await["role"]["id"]);
    let account = create_account(admin, "head", &shop, ("roleid", &role)).await;
    let head = keys_of(admin, &account).await;
    let made = |name, with| [&PERSON[..], &[("username", name), with]].concat();
    let (status, why) = head.refused("createAccount", &made("full", ("accounttype", "2"))).await;
    assert_eq!((status, why.contains("may do more")), (531, true), "{why}");
    head.ok("createAccount", &made("same", ("roleid", &role))).await;
    head.ok("createAccount", &made("less", ("accounttype", "0"))).await;
    assert_eq!(head.refused("deleteAccount", &[("id", &role)]).await.0, 432);
    let full = create_account(admin, "boss", &shop, ("accounttype", "2")).await;
    let boss = text(&full["user"][0]["id"]);
    assert_eq!(head.refused("getUserKeys", &[("id", &boss)]).await.0, 531);
    assert_eq!(head.refused("updateUser", &[("id", &boss), ("password", "x")]).await.0, 531);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_administrator_acts_on_the_vms_of_its_part_of_the_tree_and_on_no_others() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let address = cloud.manager.as_ref().unwrap().api;
    let of =
        async |path, name, kind| tenant(cloud.store(), address, path, name, kind).await.unwrap();
    let head = of("ROOT/shop", "head", AccountType::DomainAdmin).await;
    let user = of("ROOT/shop/test", "user", AccountType::User).await;
    let stranger = of("ROOT/bank", "stranger", AccountType::DomainAdmin).await;
    let c = cloud.catalogue;
    let [zone, offering, template] =
        [c.zone.to_string(), c.offering.to_string(), c.template.to_string()];
    let vm =
        [("zoneid", zone.as_str()), ("serviceofferingid", &offering), ("templateid", &template)];
    let job = user.ok("deployVirtualMachine", &vm).await;
    let vm = text(&job["id"]);
    assert_eq!(user.job(&text(&job["jobid"])).await["jobstatus"], 1);
    for command in ["stopVirtualMachine", "startVirtualMachine", "destroyVirtualMachine"] {
        assert_eq!(stranger.refused(command, &[("id", &vm)]).await.0, 431, "{command}");
        let job = head.ok(command, &[("id", &vm)]).await;
        let ended = head.job(&text(&job["jobid"])).await;
        assert_eq!(ended["jobstatus"], 1, "{command}: {ended}");
    }
}
