//! Networks: for whom they are, how they are found, what can be said of them anew.

use hostler_model::AccountType;
use hostler_tests::http::{Api, tenant};
use serde_json::json;

use super::World;

async fn user(world: &World, path: &str, name: &str, kind: AccountType) -> Api {
    let (store, address) = (&world.manager.context.store, world.admin.address);
    tenant(store, address, path, name, kind).await.unwrap()
}

async fn domain_of(api: &Api) -> String {
    let accounts = api.ok("listAccounts", &[]).await;
    accounts["account"][0]["domainid"].as_str().unwrap().to_owned()
}

async fn create(world: &World, name: &str, third: u8, more: &[(&str, &str)]) -> String {
    let at = |last: u8| format!("10.7.{third}.{last}");
    let (zone, gateway, start, end) = (world.catalogue.zone.to_string(), at(1), at(10), at(20));
    let offerings = world.admin.ok("listNetworks", &[]).await;
    let offering = offerings["network"][0]["networkofferingid"].as_str().unwrap();
    let params = [
        ("name", name),
        ("zoneid", &*zone),
        ("networkofferingid", offering),
        ("gateway", &*gateway),
        ("netmask", "255.255.255.0"),
        ("startip", &*start),
        ("endip", &*end),
    ];
    let made = world.admin.ok("createNetwork", &[&params[..], more].concat()).await;
    made["network"]["id"].as_str().unwrap().to_owned()
}

async fn names(api: &Api, params: &[(&str, &str)]) -> Vec<String> {
    let list = api.ok("listNetworks", params).await;
    let of = |network: &serde_json::Value| network["name"].as_str().unwrap().to_owned();
    list["network"].as_array().map(|all| all.iter().map(of).collect()).unwrap_or_default()
}

#[tokio::test]
async fn a_network_is_seen_and_used_by_those_that_it_is_for_and_nobody_else() {
    let world = World::new().await;
    let ann = user(&world, "ROOT/shop", "ann", AccountType::User).await;
    let ben = user(&world, "ROOT/shop", "ben", AccountType::User).await;
    let zoe = user(&world, "ROOT/bank", "zoe", AccountType::User).await;
    let head = user(&world, "ROOT/shop", "head", AccountType::DomainAdmin).await;
    let shop = domain_of(&ann).await;
    let for_ann = [("acltype", "Account"), ("account", "ann"), ("domainid", shop.as_str())];
    let hers = create(&world, "hers", 1, &for_ann).await;
    create(&world, "shops", 2, &[("acltype", "Domain"), ("domainid", &shop)]).await;
    assert_eq!(names(&ann, &[]).await, ["guests", "hers", "shops"]);
    assert_eq!(names(&ben, &[]).await, ["guests", "shops"]);
    assert_eq!(names(&zoe, &[]).await, ["guests"]);
    assert_eq!(names(&head, &[]).await, ["guests", "hers", "shops"]);
    assert_eq!(names(&world.admin, &[("acltype", "account")]).await, ["hers"]);
    let of_ben = [("account", "ben"), ("domainid", shop.as_str())];
    assert_eq!(names(&world.admin, &of_ben).await, ["guests", "shops"]);
    let (status, text) = ben.refused("listNetworks", &[("id", &hers)]).await;
    assert_eq!((status, text.contains("Invalid parameter id")), (431, true), "{text}");
    let (zone, offering) = (world.catalogue.zone.to_string(), world.catalogue.offering.to_string());
    let template = uuid::Uuid::new_v4().to_string();
    let deploy = [
        ("zoneid", &*zone),
        ("serviceofferingid", &*offering),
        ("templateid", &*template),
        ("networkids", &*hers),
    ];
    let (_, text) = ben.refused("deployVirtualMachine", &deploy).await;
    assert!(text.contains(&hers) || text.contains("templateid"), "{text}");
}

#[tokio::test]
async fn a_network_for_a_domain_is_for_those_below_unless_it_says_otherwise() {
    let world = World::new().await;
    let top = user(&world, "ROOT/shop", "top", AccountType::User).await;
    let below = user(&world, "ROOT/shop/toys", "below", AccountType::User).await;
    let shop = domain_of(&top).await;
    create(&world, "wide", 1, &[("domainid", &shop)]).await;
    create(&world, "narrow", 2, &[("domainid", &shop), ("subdomainaccess", "false")]).await;
    assert_eq!(names(&top, &[]).await, ["guests", "narrow", "wide"]);
    assert_eq!(names(&below, &[]).await, ["guests", "wide"]);
}

#[tokio::test]
async fn networks_are_found_by_what_they_do() {
    let world = World::new().await;
    let network = world.admin.ok("listNetworks", &[("supportedservices", "Dhcp,dns")]).await;
    let services = network["network"][0]["service"].as_array().unwrap().clone();
    let dns = services.iter().find(|service| service["name"] == "Dns").unwrap();
    assert_eq!(dns["capability"][0]["name"], "AllowDnsSuffixModification");
    for none in [
        [("supportedservices", "Dhcp,Firewall")],
        [("restartrequired", "true")],
        [("canusefordeploy", "false")],
        [("networkfilter", "Account")],
        [("forvpc", "true")],
    ] {
        assert_eq!(world.admin.ok("listNetworks", &none).await, json!({}), "{none:?}");
    }
    assert_eq!(names(&world.admin, &[("networkfilter", "shared")]).await, ["guests"]);
    let never = uuid::Uuid::new_v4().to_string();
    for (param, value) in [("vpcid", never.as_str()), ("networkfilter", "mine")] {
        let (status, text) = world.admin.refused("listNetworks", &[(param, value)]).await;
        assert_eq!((status, text.contains(param)), (431, true), "{text}");
    }
}

#[tokio::test]
async fn a_network_is_changed_by_its_owner_and_shows_it() {
    let world = World::new().await;
    let id = world.catalogue.network.to_string();
    let changes = [
        ("id", id.as_str()),
        ("name", "new"),
        ("networkdomain", "new.internal"),
        ("dns1", "10.1.0.2"),
        ("privatemtu", "1400"),
    ];
    let answer = world.admin.ok("updateNetwork", &changes).await;
    let job = world.admin.job(answer["jobid"].as_str().unwrap()).await;
    let shown = &job["jobresult"]["network"];
    assert_eq!((&shown["name"], &shown["networkdomain"]), (&"new".into(), &"new.internal".into()));
    assert_eq!((&shown["dns1"], &shown["privatemtu"]), (&"10.1.0.2".into(), &1400.into()));
    assert_eq!(shown["displaytext"], "guests");
    for (param, value) in
        [("name", " "), ("networkdomain", "a b"), ("privatemtu", "9"), ("dns2", "10.1.0.3")]
    {
        let (status, text) =
            world.admin.refused("updateNetwork", &[("id", &id), (param, value)]).await;
        assert_eq!((status, text.contains(param)), (431, true), "{text}");
    }
    let stranger = user(&world, "ROOT", "stranger", AccountType::User).await;
    let (status, text) = stranger.refused("updateNetwork", &[("id", &id), ("name", "mine")]).await;
    assert_eq!((status, text.contains("Invalid parameter id")), (431, true), "{text}");
}

/// The DNS domain of the guests on a network that is made with these parameters.
async fn dns_domain(world: &World, third: u8, more: &[(&str, &str)]) -> String {
    let id = create(world, &format!("n{third}"), third, more).await;
    let shown = world.admin.ok("listNetworks", &[("id", &id)]).await;
    shown["network"][0]["networkdomain"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn guests_are_in_the_dns_domain_of_their_account_or_else_of_the_nearest_domain_that_has_one()
{
    let world = World::new().await;
    let admin = &world.admin;
    let shop = domain_of(&user(&world, "ROOT/shop", "top", AccountType::User).await).await;
    let ann = user(&world, "ROOT/shop/toys", "ann", AccountType::User).await;
    let (shop, toys) = (shop.as_str(), domain_of(&ann).await);
    let hers = [("acltype", "Account"), ("account", "ann"), ("domainid", toys.as_str())];
    assert_eq!(dns_domain(&world, 1, &hers).await, "hostler.internal");
    let zone = world.catalogue.zone.to_string();
    admin.ok("updateZone", &[("id", &zone), ("domain", "zone.internal")]).await;
    assert_eq!(dns_domain(&world, 2, &hers).await, "zone.internal");
    let answer =
        admin.ok("updateDomain", &[("id", shop), ("networkdomain", "shop.internal")]).await;
    assert_eq!(answer["domain"]["networkdomain"], "shop.internal");
    assert_eq!(dns_domain(&world, 3, &hers).await, "shop.internal");
    assert_eq!(dns_domain(&world, 4, &[("domainid", &toys)]).await, "shop.internal");
    let of_ann = [("account", "ann"), ("domainid", toys.as_str())];
    let named = [&of_ann[..], &[("networkdomain", "ann.internal")]].concat();
    let answer = admin.ok("updateAccount", &named).await;
    assert_eq!(answer["account"]["networkdomain"], "ann.internal");
    assert_eq!(dns_domain(&world, 5, &hers).await, "ann.internal");
    assert_eq!(dns_domain(&world, 6, &[("domainid", &toys)]).await, "shop.internal");
    let own = [&hers[..], &[("networkdomain", "own.internal")]].concat();
    assert_eq!(dns_domain(&world, 7, &own).await, "own.internal");
    let answer = admin.ok("updateAccount", &[&of_ann[..], &[("networkdomain", "")]].concat()).await;
    assert_eq!(answer["account"].get("networkdomain"), None);
    assert_eq!(dns_domain(&world, 8, &hers).await, "shop.internal");
}

#[tokio::test]
async fn what_is_no_dns_domain_is_refused_wherever_one_is_given() {
    let world = World::new().await;
    let admin = &world.admin;
    let root = domain_of(admin).await;
    let person = [
        ("username", "ann"),
        ("accounttype", "0"),
        ("email", "a@b.invalid"),
        ("firstname", "A"),
        ("lastname", "B"),
        ("password", "secret"),
    ];
    let account = [("account", "admin"), ("domainid", root.as_str())];
    for (command, params) in [
        ("createAccount", &person[..]),
        ("updateAccount", &account),
        ("createDomain", &[("name", "shop")]),
        ("updateDomain", &[("id", root.as_str())]),
    ] {
        for wrong in ["shop..example", "-shop.example", "my shop", "shop_1"] {
            let params = [params, &[("networkdomain", wrong)]].concat();
            let (status, text) = admin.refused(command, &params).await;
            let told = text.contains("networkdomain") && text.contains("such as shop.example");
            assert_eq!((status, told), (431, true), "{command} {wrong}: {text}");
        }
    }
    let made = [&person[..], &[("networkdomain", "ann.example")]].concat();
    let made = admin.ok("createAccount", &made).await;
    assert_eq!(made["account"]["networkdomain"], "ann.example");
    let made =
        admin.ok("createDomain", &[("name", "shop"), ("networkdomain", "shop.example")]).await;
    assert_eq!(made["domain"]["networkdomain"], "shop.example");
    let id = made["domain"]["id"].as_str().unwrap();
    let shown = admin.ok("listDomains", &[("id", id)]).await;
    assert_eq!(shown["domain"][0]["networkdomain"], "shop.example");
}
