//! Tags: who may put them on what, how lists find things by them, and how they end.

use hostler_model::AccountType;
use hostler_tests::http::{Api, tenant};

use super::World;

async fn put(api: &Api, kind: &str, id: &str, key: &str, value: &str) -> (u16, String) {
    let params = [
        ("resourcetype", kind),
        ("resourceids", id),
        ("tags[0].key", key),
        ("tags[0].value", value),
    ];
    let reply = api.call("createTags", &params).await;
    (reply.status, if reply.status == 200 { String::new() } else { reply.error() })
}

#[tokio::test]
async fn a_thing_is_found_by_any_of_the_tags_that_are_asked_for() {
    let world = World::new().await;
    let (admin, zone) = (&world.admin, world.catalogue.zone.to_string());
    assert_eq!(put(admin, "zone", &zone, "stage", "test").await.0, 200);
    let tagged = [("tags[0].key", "stage"), ("tags[0].value", "test")];
    let listed = admin.ok("listZones", &tagged).await;
    assert_eq!(listed["zone"][0]["tags"][0]["key"], "stage");
    assert_eq!(listed["zone"][0]["tags"][0]["resourcetype"], "Zone");
    let other = [("tags[0].key", "stage"), ("tags[0].value", "live")];
    assert_eq!(admin.ok("listZones", &other).await, serde_json::json!({}));
    let either = [other[0], other[1], ("tags[1].key", "stage"), ("tags[1].value", "test")];
    assert_eq!(admin.ok("listZones", &either).await["count"], 1);
    for list in ["listVirtualMachines", "listVolumes", "listNetworks"] {
        assert_eq!(admin.ok(list, &tagged).await, serde_json::json!({}), "{list}");
    }
}

#[tokio::test]
async fn a_key_is_given_once_and_a_tag_is_taken_off_by_its_key() {
    let world = World::new().await;
    let (admin, network) = (&world.admin, world.catalogue.network.to_string());
    assert_eq!(put(admin, "Network", &network, "a", "1").await.0, 200);
    let (status, text) = put(admin, "Network", &network, "a", "2").await;
    assert_eq!((status, text.contains("has a tag a already")), (431, true), "{text}");
    assert_eq!(put(admin, "Network", &network, "b", "2").await.0, 200);
    let of = [("resourcetype", "Network"), ("resourceids", network.as_str())];
    let none = [of[0], of[1], ("tags[0].key", "a"), ("tags[0].value", "2")];
    let (status, text) = admin.refused("deleteTags", &none).await;
    assert_eq!((status, text.contains("listTags")), (431, true), "{text}");
    admin.ok("deleteTags", &[of[0], of[1], ("tags[0].key", "a")]).await;
    let left = admin.ok("listTags", &[("resourceid", &network)]).await;
    assert_eq!((&left["count"], &left["tag"][0]["key"]), (&1.into(), &"b".into()));
    admin.ok("deleteTags", &of).await;
    assert_eq!(admin.ok("listTags", &[("resourceid", &network)]).await, serde_json::json!({}));
}

#[tokio::test]
async fn a_stranger_can_neither_tag_a_thing_nor_learn_of_it() {
    let world = World::new().await;
    let (store, address) = (&world.manager.context.store, world.admin.address);
    let user = tenant(store, address, "ROOT", "user", AccountType::User).await.unwrap();
    let network = world.catalogue.network.to_string();
    let never = uuid::Uuid::new_v4().to_string();
    let (status, text) = put(&user, "Network", &network, "a", "1").await;
    assert_eq!((status, text.contains("Invalid parameter resourceids")), (431, true), "{text}");
    let (_, unknown) = put(&user, "Network", &never, "a", "1").await;
    assert_eq!(text.replace(&network, ""), unknown.replace(&never, ""));
    let (status, text) = put(&user, "Zone", &world.catalogue.zone.to_string(), "a", "1").await;
    assert_eq!((status, text.contains("administrators")), (431, true), "{text}");
    assert_eq!(put(&world.admin, "Network", &network, "a", "1").await.0, 200);
    let seen = user.ok("listTags", &[("resourceid", &network)]).await;
    assert_eq!(seen, serde_json::json!({}));
    assert_eq!(put(&world.admin, "Tree", &network, "a", "1").await.0, 431);
}

#[tokio::test]
async fn the_tags_of_a_thing_go_with_it() {
    let world = World::new().await;
    let (admin, network) = (&world.admin, world.catalogue.network.to_string());
    assert_eq!(put(admin, "Network", &network, "a", "1").await.0, 200);
    admin.ok("deleteNetwork", &[("id", &network)]).await;
    assert_eq!(admin.ok("listTags", &[("listall", "true")]).await, serde_json::json!({}));
}
