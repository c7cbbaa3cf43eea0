//! Settings: everywhere, at one place, and taken back.

use hostler_tests::http::Api;
use serde_json::{Value, json};

use super::World;

async fn shown(api: &Api, params: &[(&str, &str)]) -> Value {
    let all = api.ok("listConfigurations", params).await;
    assert_eq!(all["count"], 1, "{all}");
    all["configuration"][0].clone()
}

#[tokio::test]
async fn a_value_of_one_zone_holds_there_only_and_until_it_is_reset() {
    let world = World::new().await;
    let (admin, zone) = (&world.admin, world.catalogue.zone.to_string());
    let name = ("name", "guest.domain.suffix");
    let here = [name, ("zoneid", zone.as_str())];
    let set = [&here[..], &[("value", "west.internal")]].concat();
    let after = admin.ok("updateConfiguration", &set).await["configuration"].clone();
    assert_eq!((&after["value"], &after["scope"]), (&"west.internal".into(), &"zone".into()));
    assert_eq!(shown(admin, &here).await["value"], "west.internal");
    assert_eq!(shown(admin, &[name]).await["value"], "hostler.internal");
    let network = [
        ("name", "n2"),
        ("zoneid", zone.as_str()),
        ("gateway", "10.5.0.1"),
        ("netmask", "255.255.255.0"),
        ("startip", "10.5.0.10"),
        ("bridge", "br5"),
    ];
    let made = admin.ok("createNetwork", &network).await;
    assert_eq!(made["network"]["networkdomain"], "west.internal");
    let after = admin.ok("resetConfiguration", &here).await["configuration"].clone();
    assert_eq!(after["value"], "hostler.internal");
}

#[tokio::test]
async fn a_reset_brings_the_default_back_and_a_cluster_takes_the_value_of_everywhere() {
    let world = World::new().await;
    let admin = &world.admin;
    let name = ("name", "cpu.overprovisioning.factor");
    admin.ok("updateConfiguration", &[name, ("value", "4.0")]).await;
    let clusters = admin.ok("listClusters", &[]).await;
    let cluster = ("clusterid", clusters["cluster"][0]["id"].as_str().unwrap());
    admin.ok("updateConfiguration", &[name, cluster, ("value", "2.0")]).await;
    assert_eq!(shown(admin, &[name, cluster]).await["value"], "2.0");
    admin.ok("resetConfiguration", &[name, cluster]).await;
    assert_eq!(shown(admin, &[name, cluster]).await["value"], "4.0");
    admin.ok("resetConfiguration", &[name]).await;
    assert_eq!(shown(admin, &[name]).await["value"], "1.0");
}

#[tokio::test]
async fn a_setting_is_refused_where_it_cannot_be_set_and_what_needs_a_restart_says_so() {
    let world = World::new().await;
    let (admin, zone) = (&world.admin, world.catalogue.zone.to_string());
    let set = [("name", "wait"), ("value", "5"), ("zoneid", zone.as_str())];
    let (status, text) = admin.refused("updateConfiguration", &set).await;
    assert_eq!((status, text.contains("wait holds everywhere")), (431, true), "{text}");
    let two = [("name", "wait"), ("zoneid", zone.as_str()), ("clusterid", zone.as_str())];
    assert_eq!(admin.refused("updateConfiguration", &two).await.0, 431);
    assert_eq!(shown(admin, &[("name", "ping.interval")]).await["isdynamic"], false);
    assert_eq!(shown(admin, &[("name", "expunge.delay")]).await["isdynamic"], true);
    let of_pool = admin.ok("listConfigurations", &[("parent", "wait")]).await;
    assert_eq!(of_pool, json!({}));
    let groups = admin.ok("listConfigurationGroups", &[]).await;
    assert_eq!(groups["configurationgroup"][0]["name"], "Management");
    let some = admin.ok("listConfigurations", &[("group", "Storage")]).await;
    assert!(some["count"].as_u64().unwrap() >= 2, "{some}");
}
