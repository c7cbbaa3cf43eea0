//! [F] Limits: what accounts, domains and projects may have holds under many requests at once, and what they have is
//! what the rows say.

#![allow(clippy::unwrap_used)] // a test says what it expects

use hostler_model::{AccountType, Mib};
use hostler_tests::cloud::Cloud;
use hostler_tests::http::{Api, Reply, tenant};
use serde_json::Value;

/// A cloud of two large hosts, and its administrator.
async fn world() -> (Cloud, Api) {
    let cloud = Cloud::with_memory(&[Mib(65536); 2]).await.unwrap();
    let address = cloud.manager.as_ref().unwrap().api;
    let admin = Api::admin(address, &cloud.folder().join("manager")).unwrap();
    (cloud, admin)
}

async fn user(cloud: &Cloud, path: &str, name: &str) -> Api {
    let address = cloud.manager.as_ref().unwrap().api;
    tenant(cloud.store(), address, path, name, AccountType::User).await.unwrap()
}

async fn deploy(cloud: &Cloud, api: &Api, extra: &[(&str, &str)]) -> Reply {
    let c = cloud.catalogue;
    let [zone, offering, template] =
        [c.zone.to_string(), c.offering.to_string(), c.template.to_string()];
    let mut params = vec![
        ("zoneid", zone.as_str()),
        ("serviceofferingid", &offering),
        ("templateid", &template),
    ];
    params.extend(extra);
    api.call("deployVirtualMachine", &params).await
}

/// The id of a domain, by its path.
async fn domain(admin: &Api, path: &str) -> String {
    let list = admin.ok("listDomains", &[("listall", "true")]).await;
    let all = list["domain"].as_array().unwrap().clone();
    let found = all.iter().find(|domain| domain["path"] == path);
    found.unwrap()["id"].as_str().unwrap().to_owned()
}

/// What somebody has of a kind, as the manager counts it.
async fn count(admin: &Api, domain: &str, account: Option<&str>, kind: &str) -> i64 {
    let mut params = vec![("domainid", domain), ("resourcetype", kind)];
    params.extend(account.map(|name| ("account", name)));
    let list = admin.ok("updateResourceCount", &params).await;
    list["resourcecount"][0]["resourcecount"].as_i64().unwrap()
}

async fn limit(admin: &Api, domain: &str, account: Option<&str>, kind: &str, max: &str) -> Value {
    let mut params = vec![("domainid", domain), ("resourcetype", kind), ("max", max)];
    params.extend(account.map(|name| ("account", name)));
    admin.ok("updateResourceLimit", &params).await["resourcelimit"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_deployments_at_once_against_a_limit_of_ten_give_exactly_ten_vms() {
    let (cloud, admin) = world().await;
    let alice = user(&cloud, "ROOT/shop", "alice").await;
    let shop = domain(&admin, "ROOT/shop").await;
    let set = limit(&admin, &shop, Some("alice"), "0", "10").await;
    assert_eq!((&set["max"], &set["resourcetypename"]), (&Value::from(10), &"user_vm".into()));

    let all = (0..50).map(|_| deploy(&cloud, &alice, &[]));
    let replies = futures_util::future::join_all(all).await;
    let (made, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|r| r.status == 200);
    assert_eq!((made.len(), refused.len()), (10, 40));
    for reply in refused {
        assert_eq!(reply.status, 535, "{}", reply.body);
        let text = "account alice may have 10 of user_vm: it has 10, and 1 more was asked for";
        assert!(reply.error().starts_with(text), "{}", reply.body);
    }
    for reply in &made {
        alice.job(reply.inner()["jobid"].as_str().unwrap()).await;
    }
    let vms = alice.ok("listVirtualMachines", &[]).await;
    assert_eq!(vms["count"], 10);
    assert_eq!(cloud.domains().len(), 10);
    assert_eq!(count(&admin, &shop, Some("alice"), "0").await, 10);
}
