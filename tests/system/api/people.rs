//! What is said of accounts, users and owners of projects when they are made: ids, clocks, details.

use hostler_model::AccountType;
use hostler_tests::http::{Api, request, tenant};
use serde_json::{Value, json};
use uuid::Uuid;

use super::World;

const PERSON: [(&str, &str); 4] =
    [("email", "a@b.invalid"), ("firstname", "A"), ("lastname", "B"), ("password", "secret")];

fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&PERSON[..], more].concat()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

#[tokio::test]
async fn an_administrator_chooses_ids_of_accounts_users_and_domains_that_none_of_them_has_had() {
    let world = World::new().await;
    let admin = &world.admin;
    let [account, first, second] = [(); 3].map(|()| Uuid::new_v4().to_string());
    let who = [("username", "ann"), ("accounttype", "0")];
    let ids = [("accountid", account.as_str()), ("userid", first.as_str())];
    let made = admin.ok("createAccount", &with(&[&who[..], &ids].concat())).await;
    assert_eq!(text(&made["account"]["id"]), account);
    assert_eq!(text(&made["account"]["user"][0]["id"]), first);
    let who = [("account", "ann"), ("username", "bea")];
    let made = admin.ok("createUser", &with(&[who[0], who[1], ("userid", &second)])).await;
    assert_eq!(text(&made["user"]["id"]), second);
    admin.ok("deleteUser", &[("id", &second)]).await;
    let cleo = [("username", "cleo"), ("accounttype", "0")];
    for (command, params) in [
        ("createAccount", [&cleo[..], &ids[..1]].concat()),
        ("createAccount", [&cleo[..], &ids[1..]].concat()),
        ("createUser", vec![who[0], ("username", "cleo"), ("userid", &second)]),
    ] {
        let (status, why) = admin.refused(command, &with(&params)).await;
        assert_eq!((status, why.contains("choose a new one")), (431, true), "{command}: {why}");
    }
    assert_eq!(admin.ok("listAccounts", &[("name", "cleo")]).await, json!({}));
    let domain = [("name", "club"), ("domainid", second.as_str())];
    assert_eq!(text(&admin.ok("createDomain", &domain).await["domain"]["id"]), second);
    let (status, why) = admin.refused("createDomain", &[("name", "pub"), domain[1]]).await;
    assert_eq!((status, why.contains("choose a new one")), (431, true), "{why}");
    let (store, kind) = (&world.manager.context.store, AccountType::DomainAdmin);
    let head = tenant(store, admin.address, "ROOT/shop", "head", kind).await.unwrap();
    let drawn = Uuid::new_v4().to_string();
    let (status, why) =
        head.refused("createAccount", &with(&[cleo[0], cleo[1], ("accountid", &drawn)])).await;
    assert_eq!((status, why.contains("accountid")), (531, true), "{why}");
}

#[tokio::test]
async fn the_clock_that_a_user_lives_by_is_shown_and_told_at_log_in() {
    let world = World::new().await;
    let admin = &world.admin;
    let who = [("username", "ann"), ("accounttype", "0")];
    let made = admin.ok("createAccount", &with(&who)).await["account"]["user"][0].clone();
    assert_eq!(made.get("timezone"), None);
    let log_in = async || {
        let body = "command=login&username=ann&password=secret&response=json";
        let reply = request(admin.address, "POST", "/client/api", &[], body).await.unwrap().inner();
        [&reply["timezone"], &reply["timezoneoffset"]].map(|field| text(field).to_owned())
    };
    assert_eq!(log_in().await, ["UTC", "0.0"]);
    let id = text(&made["id"]);
    let changed = admin.ok("updateUser", &[("id", id), ("timezone", "Etc/UTC")]).await;
    assert_eq!(changed["user"]["timezone"], "Etc/UTC");
    let changed = admin.ok("updateUser", &[("id", id), ("email", "c@d.invalid")]).await;
    assert_eq!(changed["user"]["timezone"], "Etc/UTC", "what is not said stays");
    assert_eq!(log_in().await, ["Etc/UTC", "0.0"]);
    let next = with(&[("account", "ann"), ("username", "bea"), ("timezone", "GMT")]);
    assert_eq!(admin.ok("createUser", &next).await["user"]["timezone"], "GMT");
    let other = [("username", "cleo"), ("accounttype", "0"), ("timezone", "Nowhere/Land")];
    for (command, params) in [
        ("createAccount", with(&other)),
        ("createUser", with(&[("account", "ann"), other[0], other[2]])),
        ("updateUser", vec![("id", id), other[2]]),
    ] {
        let (status, why) = admin.refused(command, &params).await;
        assert_eq!((status, why.contains("Nowhere/Land")), (431, true), "{command}: {why}");
    }
}

#[tokio::test]
async fn details_of_an_account_are_kept_by_name_and_added_to() {
    let world = World::new().await;
    let admin = &world.admin;
    let who = [
        ("username", "ann"),
        ("accounttype", "0"),
        ("accountdetails[0].contract", "17"),
        ("accountdetails[0].tier", "gold"),
    ];
    let made = admin.ok("createAccount", &with(&who)).await["account"].clone();
    assert_eq!(made["accountdetails"], json!({"contract": "17", "tier": "gold"}));
    let id = ("id", text(&made["id"]));
    let change = [id, ("accountdetails[0].tier", "iron"), ("accountdetails[1].desk", "4")];
    let changed = admin.ok("updateAccount", &change).await["account"].clone();
    assert_eq!(changed["accountdetails"], json!({"contract": "17", "desk": "4", "tier": "iron"}));
    let shown = admin.ok("listAccounts", &[id]).await["account"][0].clone();
    assert_eq!(shown["accountdetails"], changed["accountdetails"]);
    let first = admin.ok("listAccounts", &[("name", "admin")]).await["account"][0].clone();
    assert_eq!(first.get("accountdetails"), None);
}

#[tokio::test]
async fn a_project_is_made_for_the_account_or_the_user_of_an_id() {
    let world = World::new().await;
    let (admin, store) = (&world.admin, &world.manager.context.store);
    let of = async |path, name| {
        tenant(store, admin.address, path, name, AccountType::User).await.unwrap()
    };
    let (ann, ben) = (of("ROOT/shop", "ann").await, of("ROOT/bank", "ben").await);
    let ids = async |api: &Api| {
        let account = api.ok("listAccounts", &[]).await["account"][0].clone();
        [&account["id"], &account["user"][0]["id"]].map(|id| text(id).to_owned())
    };
    let ([account, user], [other, _]) = (ids(&ann).await, ids(&ben).await);
    for (name, by) in [("one", ("accountid", account.as_str())), ("two", ("userid", &user))] {
        let made = admin.ok("createProject", &[("name", name), by]).await;
        let mine = ann.ok("listProjects", &[("id", text(&made["id"]))]).await["project"][0].clone();
        assert_eq!((&mine["name"], &mine["owner"][0]["account"]), (&name.into(), &"ann".into()));
    }
    for (params, says) in [
        (vec![("accountid", other.as_str()), ("userid", &user)], "acts for another account"),
        (vec![("accountid", account.as_str()), ("account", "ann")], "leave one out"),
    ] {
        let (status, why) =
            admin.refused("createProject", &[&[("name", "x")], &params[..]].concat()).await;
        assert_eq!((status, why.contains(says)), (431, true), "{why}");
    }
    let (status, why) =
        ben.refused("createProject", &[("name", "x"), ("accountid", &account)]).await;
    assert_eq!((status, why.contains("Invalid parameter accountid")), (431, true), "{why}");
}
