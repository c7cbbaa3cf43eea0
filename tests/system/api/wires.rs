//! Kinds of networks, physical networks, and the ranges of addresses that networks give out.

use hostler_tests::http::Api;
use serde_json::{Value, json};

use super::World;

fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap()
}

const SHARED: [(&str, &str); 3] =
    [("name", "flat"), ("guestiptype", "shared"), ("traffictype", "GUEST")];

async fn offering(api: &Api, more: &[(&str, &str)]) -> Value {
    let params = [&SHARED[..], more].concat();
    api.ok("createNetworkOffering", &params).await["networkoffering"].clone()
}

/// What a network with these parameters would be refused for; nothing: it was made.
async fn network(world: &World, offering: &str, start: &str, end: &str) -> Option<String> {
    let zone = world.catalogue.zone.to_string();
    let params = [
        ("name", "n2"),
        ("zoneid", zone.as_str()),
        ("networkofferingid", offering),
        ("gateway", "10.1.0.1"),
        ("netmask", "255.255.255.0"),
        ("startip", start),
        ("endip", end),
    ];
    let reply = world.admin.call("createNetwork", &params).await;
    (reply.status != 200).then(|| reply.error())
}

#[tokio::test]
async fn services_have_a_provider_and_only_those_that_there_are_can_be_offered() {
    let world = World::new().await;
    let made = offering(
        &world.admin,
        &[
            ("supportedservices", "dhcp,UserData"),
            ("serviceproviderlist[0].service", "Dhcp"),
            ("serviceproviderlist[0].provider", "Somebody"),
        ],
    )
    .await;
    let services: Vec<_> = made["service"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| (s["name"].as_str().unwrap(), s["provider"][0]["name"].as_str().unwrap()))
        .collect();
    assert_eq!(services, [("Dhcp", "Somebody"), ("UserData", "ConfigDrive")]);
    assert_eq!((&made["state"], &made["guestiptype"]), (&"Disabled".into(), &"Shared".into()));
    let named =
        world.admin.ok("listNetworkOfferings", &[("supportedservices", "userdata,dhcp")]).await;
    assert_eq!(named["count"], 3, "{named}"); // it, and two that are there from the beginning
    for (more, expected) in [
        (&[("name", "flat")][..], "named flat already"),
        (&[("name", "x"), ("supportedservices", "Vpn")], "supportedservices"),
        (&[("name", "x"), ("forvpc", "true")], "forvpc"),
        (&[("name", "x"), ("serviceproviderlist[0].service", "Dns")], "serviceproviderlist"),
    ] {
        let params = [&SHARED[1..], more].concat();
        let (status, text) = world.admin.refused("createNetworkOffering", &params).await;
        assert_eq!((status, text.contains(expected)), (431, true), "{expected}: {text}");
    }
}

#[tokio::test]
async fn a_network_is_made_of_an_offering_that_is_enabled_and_has_a_driver() {
    let world = World::new().await;
    let flat = offering(&world.admin, &[]).await;
    let (start, end) = ("10.1.0.220", "10.1.0.229");
    let why = network(&world, id(&flat), start, end).await.unwrap();
    assert!(why.contains("flat is Disabled"), "{why}");
    let isolated = [
        ("name", "own"),
        ("guestiptype", "Isolated"),
        ("traffictype", "Guest"),
        ("enable", "true"),
    ];
    let own = world.admin.ok("createNetworkOffering", &isolated).await["networkoffering"].clone();
    let why = network(&world, id(&own), start, end).await.unwrap();
    assert!(why.contains("Isolated networks, of which none can be made yet"), "{why}");
    world.admin.ok("updateNetworkOffering", &[("id", id(&flat)), ("state", "enabled")]).await;
    assert_eq!(network(&world, id(&flat), start, end).await, None);
    let (status, text) = world.admin.refused("deleteNetworkOffering", &[("id", id(&flat))]).await;
    assert_eq!((status, text.contains("still has 1 networks")), (536, true), "{text}");
    world.admin.ok("deleteNetworkOffering", &[("id", id(&own))]).await;
    // its name is free again
    world.admin.ok("createNetworkOffering", &isolated).await;
}

#[tokio::test]
async fn the_offering_that_networks_are_of_by_default_stays() {
    let world = World::new().await;
    let all = world.admin.ok("listNetworkOfferings", &[("isdefault", "true")]).await;
    let (status, text) = world
        .admin
        .refused("deleteNetworkOffering", &[("id", id(&all["networkoffering"][0]))])
        .await;
    assert_eq!((status, text.contains("disable it instead")), (431, true), "{text}");
}

#[tokio::test]
async fn a_wire_is_recorded_with_its_traffic_and_providers_and_removed_with_them() {
    let world = World::new().await;
    let (admin, zone) = (&world.admin, world.catalogue.zone.to_string());
    let params = [("name", "wire"), ("zoneid", zone.as_str()), ("vlan", "100-199")];
    let answer = admin.ok("createPhysicalNetwork", &params).await;
    let wire = id(&answer);
    let job = admin.job(answer["jobid"].as_str().unwrap()).await;
    assert_eq!(job["jobresult"]["physicalnetwork"]["vlan"], "100-199", "{job}");
    let (status, text) = admin.refused("createPhysicalNetwork", &params).await;
    assert_eq!((status, text.contains("named wire already")), (536, true), "{text}");
    let traffic = [("physicalnetworkid", wire), ("traffictype", "management")];
    admin.ok("addTrafficType", &traffic).await;
    assert_eq!(admin.refused("addTrafficType", &traffic).await.0, 536);
    let all = admin.ok("listTrafficTypes", &[("physicalnetworkid", wire)]).await;
    assert_eq!(all["traffictype"][0]["traffictype"], "Management");
    let wrong = [("physicalnetworkid", wire), ("traffictype", "smoke")];
    assert_eq!(admin.refused("addTrafficType", &wrong).await.0, 431);
    let named = [("physicalnetworkid", wire), ("name", "VirtualRouter")];
    let router = admin.ok("listNetworkServiceProviders", &named).await;
    let router = &router["networkserviceprovider"][0];
    assert_eq!(router["state"], "Disabled");
    let changes = [("id", id(router)), ("state", "Enabled")];
    admin.ok("updateNetworkServiceProvider", &changes).await;
    let enabled = admin.ok("listNetworkServiceProviders", &[("state", "Enabled")]).await;
    assert_eq!(enabled["count"], 1);
    let (status, text) = admin.refused("deleteZone", &[("id", &zone)]).await;
    assert_eq!((status, text.contains("1 physical networks")), (536, true), "{text}");
    admin.ok("deletePhysicalNetwork", &[("id", wire)]).await;
    assert_eq!(admin.ok("listNetworkServiceProviders", &[]).await, json!({}));
}

#[tokio::test]
async fn a_range_that_is_added_to_a_network_gives_out_its_addresses_after_the_first_one() {
    let world = World::new().await;
    let (admin, network) = (&world.admin, world.catalogue.network);
    let id_ = network.to_string();
    let all = admin.ok("listVlanIpRanges", &[("networkid", &id_)]).await;
    let first = &all["vlaniprange"][0];
    assert_eq!((&first["startip"], &first["endip"]), (&"10.1.0.10".into(), &"10.1.0.209".into()));
    let more = [("networkid", id_.as_str()), ("startip", "10.1.0.210"), ("endip", "10.1.0.211")];
    let range = admin.ok("createVlanIpRange", &more).await["vlan"].clone();
    assert_eq!((&range["gateway"], &range["cidr"]), (&"10.1.0.1".into(), &"10.1.0.0/24".into()));
    for (start, end, expected) in [
        ("10.1.0.200", "10.1.0.215", "overlaps with"),
        ("10.1.0.211", "10.1.0.220", "overlaps with"),
        ("10.2.0.10", "10.2.0.20", "startip 10.2.0.10"),
        ("10.1.0.230", "10.1.0.220", "endip"),
    ] {
        let params = [("networkid", id_.as_str()), ("startip", start), ("endip", end)];
        let (status, text) = admin.refused("createVlanIpRange", &params).await;
        assert_eq!((status, text.contains(expected)), (431, true), "{expected}: {text}");
    }
    let store = &world.manager.context.store;
    let fill = "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 209)
        INSERT INTO address (network, ip, given) SELECT ?1, '10.1.0.' || i, 0 FROM n";
    world.database().execute(fill, [&id_]).unwrap();
    let next =
        store.read(move |tx| hostler_store::address::address_free(tx, network)).await.unwrap();
    assert_eq!(next.to_string(), "10.1.0.210");
    world
        .database()
        .execute("INSERT INTO address (network, ip, given) VALUES (?1, '10.1.0.211', 0)", [&id_])
        .unwrap();
    let (status, text) = admin.refused("deleteVlanIpRange", &[("id", id(&range))]).await;
    assert_eq!((status, text.contains("1 addresses of")), (536, true), "{text}");
    world.database().execute("DELETE FROM address", []).unwrap();
    admin.ok("deleteVlanIpRange", &[("id", id(&range))]).await;
    let (status, text) = admin.refused("deleteVlanIpRange", &[("id", id(first))]).await;
    assert_eq!((status, text.contains("remove the network instead")), (431, true), "{text}");
}
