//! Sizes for sale: fixed and chosen ones, for whom and where they are.

use hostler_model::AccountType;
use hostler_tests::http::{Api, tenant};
use serde_json::{Value, json};

use super::World;

const SMALL: [(&str, &str); 4] =
    [("name", "small"), ("cpunumber", "1"), ("cpuspeed", "500"), ("memory", "512")];

async fn create(api: &Api, params: &[(&str, &str)]) -> Value {
    api.ok("createServiceOffering", params).await["serviceoffering"].clone()
}

fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap()
}

/// Names of the offerings that somebody sees, of those that the test made.
async fn seen(api: &Api, params: &[(&str, &str)]) -> Vec<String> {
    let all = api.ok("listServiceOfferings", params).await;
    let names = all["serviceoffering"].as_array().into_iter().flatten();
    let mut names: Vec<_> = names.map(|o| o["name"].as_str().unwrap().to_owned()).collect();
    names.retain(|name| !name.ends_with("Instance") && name != "tiny");
    names.sort();
    names
}

#[tokio::test]
async fn a_fixed_offering_has_all_numbers_and_a_customized_one_bounds() {
    let world = World::new().await;
    let fixed = create(&world.admin, &SMALL).await;
    assert_eq!((&fixed["cpunumber"], &fixed["iscustomized"]), (&1.into(), &false.into()));
    let custom = [
        ("name", "any"),
        ("customized", "true"),
        ("cpuspeed", "1000"),
        ("mincpunumber", "2"),
        ("maxcpunumber", "8"),
        ("serviceofferingdetails[0].key", "note"),
        ("serviceofferingdetails[0].value", "x"),
    ];
    let custom = create(&world.admin, &custom).await;
    assert_eq!((custom.get("cpunumber"), custom.get("memory")), (None, None));
    let details = json!({"mincpunumber": "2", "maxcpunumber": "8", "note": "x"});
    assert_eq!(
        (&custom["iscustomized"], &custom["serviceofferingdetails"]),
        (&true.into(), &details)
    );
    assert_eq!(seen(&world.admin, &[("cpunumber", "8")]).await, ["any"]);
    assert_eq!(seen(&world.admin, &[("cpunumber", "1")]).await, ["small"]);
}

#[tokio::test]
async fn numbers_that_do_not_go_together_are_refused_by_name() {
    let world = World::new().await;
    for (params, expected) in [
        (&[("cpunumber", "1"), ("cpuspeed", "1")][..], "missing parameter memory"),
        (&[("customized", "true"), ("cpunumber", "1")], "cpunumber: the offering is customized"),
        (&[("mincpunumber", "3"), ("maxcpunumber", "2")], "maxcpunumber is less than the least"),
        (
            &[("cpunumber", "1"), ("memory", "64"), ("cpuspeed", "1"), ("minmemory", "64")],
            "minmemory: ",
        ),
        (&[("isvolatile", "true")], "isvolatile"),
        (&[("storagetype", "shared")], "storagetype"),
        (&[("cpunumber", "256")], "cpunumber"),
    ] {
        let params = [&[("name", "x")], params].concat();
        let (status, text) = world.admin.refused("createServiceOffering", &params).await;
        assert_eq!((status, text.contains(expected)), (431, true), "{expected}: {text}");
    }
}

#[tokio::test]
async fn an_offering_for_some_domains_is_neither_seen_nor_usable_elsewhere() {
    let world = World::new().await;
    let (store, kind) = (&world.manager.context.store, AccountType::User);
    let address = world.admin.address;
    let chief =
        tenant(store, address, "ROOT/east", "chief", AccountType::DomainAdmin).await.unwrap();
    let inside = tenant(store, address, "ROOT/east/lab", "alice", kind).await.unwrap();
    let outside = tenant(store, address, "ROOT/west", "bob", kind).await.unwrap();
    let domains = world.admin.ok("listDomains", &[("name", "east"), ("listall", "true")]).await;
    let east = id(&domains["domain"][0]);
    let made = create(&world.admin, &[&SMALL[..], &[("domainid", east)]].concat()).await;
    assert_eq!((&made["domainid"], &made["domain"]), (&east.into(), &"ROOT/east".into()));
    for api in [&world.admin, &chief, &inside] {
        assert_eq!(seen(api, &[]).await, ["small"]);
    }
    assert_eq!(seen(&outside, &[]).await, [""; 0]);
    let zone = world.catalogue.zone.to_string();
    let template = world.catalogue.template.to_string();
    let params =
        [("zoneid", zone.as_str()), ("templateid", &template), ("serviceofferingid", id(&made))];
    let (status, text) = outside.refused("deployVirtualMachine", &params).await;
    assert_eq!(
        (status, text.contains("Invalid parameter serviceofferingid")),
        (431, true),
        "{text}"
    );
    // it is opened to all
    let changes = [("id", id(&made)), ("domainid", "public")];
    world.admin.ok("updateServiceOffering", &changes).await;
    assert_eq!(seen(&outside, &[]).await, ["small"]);
}

#[tokio::test]
async fn an_offering_is_sold_in_its_zones_only() {
    let world = World::new().await;
    let ip = "10.0.0.1";
    let params = [("name", "z2"), ("networktype", "Basic"), ("dns1", ip), ("internaldns1", ip)];
    let other = world.admin.ok("createZone", &params).await["zone"].clone();
    let made = create(&world.admin, &[&SMALL[..], &[("zoneid", id(&other))]].concat()).await;
    assert_eq!(made["zone"], "z2");
    let here = world.catalogue.zone.to_string();
    assert_eq!(seen(&world.admin, &[("zoneid", &here)]).await, [""; 0]);
    assert_eq!(seen(&world.admin, &[("zoneid", id(&other))]).await, ["small"]);
}

#[tokio::test]
async fn an_inactive_offering_is_shown_to_administrators_who_ask_for_it() {
    let world = World::new().await;
    let made = create(&world.admin, &SMALL).await;
    let changes = [
        ("id", id(&made)),
        ("state", "Inactive"),
        ("name", "old"),
        ("hosttags", "slow"),
        ("sortkey", "5"),
    ];
    let after = world.admin.ok("updateServiceOffering", &changes).await["serviceoffering"].clone();
    assert_eq!((&after["state"], &after["hosttags"]), (&"Inactive".into(), &"slow".into()));
    assert_eq!(seen(&world.admin, &[]).await, [""; 0]);
    assert_eq!(seen(&world.admin, &[("state", "inactive")]).await, ["old"]);
    assert_eq!(seen(&world.admin, &[("state", "all")]).await, ["old"]);
    let user =
        tenant(&world.manager.context.store, world.admin.address, "ROOT", "eve", AccountType::User);
    assert_eq!(seen(&user.await.unwrap(), &[("state", "all")]).await, [""; 0]);
    world.admin.ok("deleteServiceOffering", &[("id", id(&made))]).await;
    assert_eq!(world.admin.ok("listServiceOfferings", &[("id", id(&made))]).await, json!({}));
}
