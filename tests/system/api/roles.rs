//! Who may call what: every command, as every role.

use hostler_model::AccountType;
use hostler_tests::http::{Api, request, tenant};
use serde_json::Value;

use super::World;

async fn names(api: &Api) -> Vec<String> {
    let apis = api.ok("listApis", &[]).await;
    let names = apis["api"].as_array().unwrap().iter().map(|api| api["name"].as_str().unwrap());
    names.filter(|name| !matches!(*name, "login" | "logout")).map(str::to_owned).collect()
}

#[tokio::test]
async fn every_command_is_for_exactly_the_roles_whose_list_names_it() {
    let world = World::new().await;
    let (store, address) = (&world.manager.context.store, world.admin.address);
    let of = async |name, kind| tenant(store, address, "ROOT/shop", name, kind).await.unwrap();
    let callers = [
        of("resource", AccountType::ResourceAdmin).await,
        of("domain", AccountType::DomainAdmin).await,
        of("user", AccountType::User).await,
    ];
    let all = names(&world.admin).await;
    assert!(all.len() >= 50, "{}", all.len());
    for caller in &callers {
        let allowed = names(caller).await;
        assert!(allowed.len() < all.len());
        for command in &all {
            // without parameters no command does anything
            let reply = caller.call(command, &[]).await;
            let refused = reply.status == 432;
            assert_eq!(refused, !allowed.contains(command), "{command}: {}", reply.body);
            if refused {
                let text = format!("The API [{command}] does not exist or is not available");
                assert!(reply.error().starts_with(&text), "{}", reply.body);
            }
        }
    }
    for command in &all {
        let path = format!("/client/api?command={command}&response=json");
        let stranger = request(address, "GET", &path, &[], "").await.unwrap();
        assert_eq!(stranger.status, 401, "{command}");
    }
}

#[tokio::test]
async fn a_parameter_that_the_role_may_not_pass_is_an_error_and_not_ignored() {
    let world = World::new().await;
    let (store, address) = (&world.manager.context.store, world.admin.address);
    let user = tenant(store, address, "ROOT", "user", AccountType::User).await.unwrap();
    let id = uuid::Uuid::new_v4().to_string();
    for command in ["deployVirtualMachine", "startVirtualMachine", "listVirtualMachines"] {
        let (status, text) = user.refused(command, &[("hostid", &id)]).await;
        assert_eq!((status, text.contains("hostid")), (531, true), "{command}: {text}");
    }
    for param in ["podid", "clusterid"] {
        let (status, text) = user.refused("deployVirtualMachine", &[(param, &id)]).await;
        assert_eq!((status, text.contains(param)), (531, true), "{text}");
    }
    let described = user.ok("listApis", &[("name", "deployVirtualMachine")]).await;
    let params = described["api"][0]["params"].as_array().unwrap().clone();
    assert!(!params.iter().any(|param| param["name"] == "hostid"));
}

#[tokio::test]
async fn a_user_sees_its_own_and_a_domain_administrator_its_domain() {
    let world = World::new().await;
    let (store, address) = (&world.manager.context.store, world.admin.address);
    let of = async |path, name, kind| tenant(store, address, path, name, kind).await.unwrap();
    let user = of("ROOT/shop", "user", AccountType::User).await;
    let head = of("ROOT/shop", "head", AccountType::DomainAdmin).await;
    let other = of("ROOT/bank", "other", AccountType::User).await;
    let accounts = async |api: &Api| {
        let list = api.ok("listAccounts", &[("listall", "true")]).await;
        let mut names: Vec<String> = list["account"]
            .as_array()
            .unwrap()
            .iter()
            .map(|account| account["name"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(accounts(&user).await, ["user"]);
    assert_eq!(accounts(&head).await, ["head", "user"]);
    assert_eq!(accounts(&world.admin).await, ["admin", "head", "other", "user"]);
    let domains = other.ok("listAccounts", &[]).await;
    let bank = domains["account"][0]["domainid"].as_str().unwrap().to_owned();
    let (status, text) = head.refused("listUsers", &[("domainid", &bank)]).await;
    assert_eq!((status, text.contains("domainid")), (431, true), "{text}");
    let (status, _) = user.refused("listUsers", &[("domainid", &bank)]).await;
    assert_eq!(status, 531);
}

#[tokio::test]
async fn another_tenants_thing_is_answered_like_one_that_never_was() {
    let world = World::new().await;
    let (store, address) = (&world.manager.context.store, world.admin.address);
    let of = async |name| tenant(store, address, "ROOT", name, AccountType::User).await.unwrap();
    let (owner, other) = (of("owner").await, of("other").await);
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUrS3cFqFZ8cnMmpvQkYz4gL4O3bBqJ9cT1h1n5E";
    let made = owner.ok("registerSSHKeyPair", &[("name", "k"), ("publickey", key)]).await;
    let id = made["keypair"]["id"].as_str().unwrap();
    let unknown = uuid::Uuid::new_v4().to_string();
    let text = async |id: &str| {
        let (status, text) = other.refused("listSSHKeyPairs", &[("id", id)]).await;
        (status, text.replace(id, "ID"))
    };
    assert_eq!(text(id).await, text(&unknown).await);
    assert_eq!(owner.ok("listSSHKeyPairs", &[("id", id)]).await["count"], 1);
    let users: Value = owner.ok("listUsers", &[]).await;
    let user = users["user"][0]["id"].as_str().unwrap();
    assert_eq!(other.refused("getUserKeys", &[("id", user)]).await.0, 431);
    assert_eq!(other.refused("registerUserKeys", &[("id", user)]).await.0, 431);
}
