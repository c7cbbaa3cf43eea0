//! Signatures: who is believed to be whom.

use hostler_tests::http::{Api, request};

use super::World;

#[tokio::test]
async fn a_signed_request_is_answered_by_get_and_by_post() {
    let world = World::new().await;
    let params = [("name", "z1"), ("keyword", "Z ~*()[]")];
    assert_eq!(world.admin.get("listZones", &params[..1]).await.inner()["count"], 1);
    assert_eq!(world.admin.call("listZones", &params[..1]).await.inner()["count"], 1);
    assert_eq!(world.admin.get("listZones", &params).await.status, 200);
}

#[tokio::test]
async fn who_does_not_prove_it_is_told_nothing_but_401() {
    let world = World::new().await;
    let wrong_secret = Api { secret: "guessed".to_owned(), ..world.admin.clone() };
    let wrong_key = Api { key: "nobody".to_owned(), ..world.admin.clone() };
    let version_3 = [("signatureVersion", "3"), ("expires", "2020-01-01T00:00:00+0000")];
    let unsigned = "/client/api?command=listZones&response=json";
    let replies = [
        wrong_secret.call("listZones", &[]).await,
        wrong_key.call("listZones", &[]).await,
        world.admin.call("listZones", &version_3).await,
        world.admin.call("listZones", &version_3[..1]).await,
        request(world.admin.address, "GET", unsigned, &[], "").await.unwrap(),
    ];
    for reply in replies {
        assert_eq!(reply.status, 401, "{}", reply.body);
        let text = "unable to verify user credentials and/or request signature";
        assert_eq!(reply.error(), text);
        assert!(reply.json().get("listzonesresponse").is_some(), "{}", reply.body);
        assert!(reply.inner().get("cserrorcode").is_none());
    }
}

#[tokio::test]
async fn a_request_that_was_changed_after_signing_is_refused() {
    let world = World::new().await;
    let query = world.admin.query("deleteZone", &[("id", "a")]);
    let path = format!("/client/api?{}", query.replace("id=a", "id=b"));
    let reply = request(world.admin.address, "GET", &path, &[], "").await.unwrap();
    assert_eq!(reply.status, 401);
}

#[tokio::test]
async fn a_disabled_user_and_old_keys_are_refused() {
    let world = World::new().await;
    let users = world.admin.ok("listUsers", &[]).await;
    let id = users["user"][0]["id"].as_str().unwrap().to_owned();
    let keys = world.admin.ok("registerUserKeys", &[("id", &id)]).await;
    assert_eq!(world.admin.call("listZones", &[]).await.status, 401);
    let text = |name: &str| keys["userkeys"][name].as_str().unwrap().to_owned();
    let (key, secret) = (text("apikey"), text("secretkey"));
    let fresh = Api { key, secret, address: world.admin.address };
    assert_eq!(fresh.ok("getUserKeys", &[("id", &id)]).await, keys);

    world.database().execute("UPDATE account SET state = 'locked'", []).unwrap();
    assert_eq!(fresh.call("listZones", &[]).await.status, 401);
}

#[tokio::test]
async fn proving_who_one_is_costs_one_statement() {
    let world = World::new().await;
    let store = &world.manager.context.store;
    let mut costs = Vec::new();
    for _ in 0..10 {
        let before = store.counters().statements;
        world.admin.ok("listCapabilities", &[]).await;
        costs.push(store.counters().statements - before);
    }
    // the manager's own housekeeping may ask something at the same moment, but not each time
    assert_eq!(costs.iter().min(), Some(&1), "{costs:?}");
}
