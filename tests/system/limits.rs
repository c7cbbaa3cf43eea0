//! [F] Limits: what accounts, domains and projects may have holds under many requests at once, and what they have is
//! what the rows say.

#![allow(clippy::unwrap_used)] // a test says what it expects

use hostler_model::{AccountType, Mib};
use hostler_store::StoreError;
use hostler_store::address::network_room;
use hostler_tests::books::Books;
use hostler_tests::cloud::{Cloud, PATIENCE};
use hostler_tests::http::{Api, Reply, tenant};
use hostler_tests::many::World;
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

#[tokio::test(flavor = "multi_thread")]
async fn one_address_that_two_ask_for_at_once_is_given_to_exactly_one() {
    let (cloud, admin) = world().await;
    let alice = user(&cloud, "ROOT/shop", "alice").await;
    let wanted = [("ipaddress", "10.1.0.77")];
    let all = (0..8).map(|_| deploy(&cloud, &alice, &wanted));
    let replies = futures_util::future::join_all(all).await;
    let made: Vec<_> = replies.iter().filter(|reply| reply.status == 200).collect();
    assert_eq!(made.len(), 1);
    for refused in replies.iter().filter(|reply| reply.status != 200) {
        assert!(refused.error().contains("10.1.0.77"), "{}", refused.body);
    }
    // and nothing is left of those that lost
    let shop = domain(&admin, "ROOT/shop").await;
    for kind in ["0", "2"] {
        assert_eq!(count(&admin, &shop, Some("alice"), kind).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_a_domain_holds_for_all_accounts_below_it_together() {
    let (cloud, admin) = world().await;
    let alice = user(&cloud, "ROOT/shop", "alice").await;
    let bob = user(&cloud, "ROOT/shop/test", "bob").await;
    let shop = domain(&admin, "ROOT/shop").await;
    limit(&admin, &shop, None, "8", "3").await;
    for owner in [&alice, &bob, &bob] {
        assert_eq!(deploy(&cloud, owner, &[("startvm", "false")]).await.status, 200);
    }
    for owner in [&alice, &bob] {
        let refused = deploy(&cloud, owner, &[("startvm", "false")]).await;
        let text = "domain ROOT/shop may have 3 of cpu: it has 3, and 1 more was asked for";
        assert_eq!(refused.status, 535, "{}", refused.body);
        assert!(refused.error().starts_with(text), "{}", refused.body);
    }
    // another domain's accounts are not concerned, and neither is the root administrator
    let carol = user(&cloud, "ROOT/bank", "carol").await;
    assert_eq!(deploy(&cloud, &carol, &[("startvm", "false")]).await.status, 200);
    for _ in 0..25 {
        assert_eq!(deploy(&cloud, &admin, &[("startvm", "false")]).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_set_from_above_and_never_beyond_the_domain_above() {
    let (cloud, admin) = world().await;
    let address = cloud.manager.as_ref().unwrap().api;
    let of =
        async |path, name, kind| tenant(cloud.store(), address, path, name, kind).await.unwrap();
    let head = of("ROOT/shop", "head", AccountType::DomainAdmin).await;
    let alice = of("ROOT/shop", "alice", AccountType::User).await;
    of("ROOT/shop/test", "bob", AccountType::User).await;
    let [shop, test, root] = [
        domain(&admin, "ROOT/shop").await,
        domain(&admin, "ROOT/shop/test").await,
        domain(&admin, "ROOT").await,
    ];
    limit(&admin, &shop, None, "0", "7").await;
    // below: yes, as much as there is
    assert_eq!(limit(&head, &test, None, "0", "7").await["max"], 7);
    assert_eq!(limit(&head, &test, Some("bob"), "0", "5").await["max"], 5);
    for max in ["8", "-1"] {
        let params = [("domainid", test.as_str()), ("resourcetype", "0"), ("max", max)];
        let (status, text) = head.refused("updateResourceLimit", &params).await;
        assert!(status == 431 && text.contains("ROOT/shop may have 7"), "{text}");
    }
    // its own domain, one above, and a user: no
    let params = [("domainid", shop.as_str()), ("resourcetype", "0"), ("max", "9")];
    assert_eq!(head.refused("updateResourceLimit", &params).await.0, 531);
    let params = [("domainid", root.as_str()), ("resourcetype", "0"), ("max", "9")];
    assert_eq!(head.refused("updateResourceLimit", &params).await.0, 431);
    assert_eq!(admin.refused("updateResourceLimit", &params).await.0, 431);
    assert_eq!(alice.refused("updateResourceLimit", &params[1..]).await.0, 432);
    // what nobody set below comes from above
    let list = admin.ok("listResourceLimits", &[("domainid", &test), ("resourcetype", "2")]).await;
    assert_eq!(list["resourcelimit"][0]["max"], 40);
    limit(&admin, &shop, None, "2", "30").await;
    let list = admin.ok("listResourceLimits", &[("domainid", &test), ("resourcetype", "2")]).await;
    assert_eq!(list["resourcelimit"][0]["max"], 30);
    let own = alice.ok("listResourceLimits", &[]).await;
    assert_eq!((&own["count"], &own["resourcelimit"][0]["max"]), (&12.into(), &20.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_has_is_what_the_rows_say_after_everything_that_can_happen() {
    let (cloud, admin) = world().await;
    let alice = user(&cloud, "ROOT/shop", "alice").await;
    let shop = domain(&admin, "ROOT/shop").await;
    // the administrator sees everybody's jobs
    let wait = async |reply: Reply| {
        let answer = reply.inner();
        admin.job(answer["jobid"].as_str().unwrap()).await;
        answer["id"].as_str().map(str::to_owned)
    };
    let mut vms = Vec::new();
    for round in 0..4 {
        let all = (0..4).map(|_| deploy(&cloud, &alice, &[]));
        for reply in futures_util::future::join_all(all).await {
            vms.push(wait(reply).await.unwrap());
        }
        // one cannot be placed: it is in Error, and its volume is still there
        let broken = deploy(&cloud, &alice, &[("rootdisksize", "9000")]).await;
        if broken.status == 200 {
            wait(broken).await;
        }
        let (gone, stopped) = (vms.remove(0), vms[0].clone());
        let expunge = if round % 2 == 0 { "true" } else { "false" };
        let destroyed = [("id", gone.as_str()), ("expunge", expunge)];
        wait(admin.call("destroyVirtualMachine", &destroyed).await).await;
        wait(alice.call("stopVirtualMachine", &[("id", &stopped)]).await).await;
    }
    let books = Books::open(&cloud.folder().join("manager/hostler.db")).unwrap();
    let one = |sql: &str| books.value(sql).unwrap().unwrap().parse::<i64>().unwrap();
    let of = "account = (SELECT id FROM account WHERE name = 'alice') AND removed IS NULL";
    let there = format!("FROM vm WHERE {of} AND state IN ('Running', 'Stopped')");
    for (kind, sql) in [
        ("0", format!("SELECT count(*) {there}")),
        ("2", format!("SELECT count(*) FROM volume WHERE {of}")),
        ("8", format!("SELECT count(*) * 1 {there}")),
        ("9", format!("SELECT count(*) * 512 {there}")),
        ("10", format!("SELECT sum(size) FROM volume WHERE {of}")),
        ("4", format!("SELECT count(*) FROM template WHERE {of}")),
    ] {
        let (counted, rows) = (count(&admin, &shop, Some("alice"), kind).await, one(&sql));
        assert_eq!(counted, rows, "kind {kind} of the account");
        assert_eq!(count(&admin, &shop, None, kind).await, rows, "kind {kind} of the domain");
    }
    assert_eq!(count(&admin, &shop, Some("alice"), "0").await, 12);
    // lists show the same
    let account = &admin.ok("listAccounts", &[("name", "alice")]).await["account"][0];
    assert_eq!((&account["vmtotal"], &account["vmlimit"]), (&12.into(), &"20".into()));
    assert_eq!((&account["vmavailable"], &account["cputotal"]), (&"8".into(), &12.into()));
    let domains = admin.ok("listDomains", &[("id", &shop)]).await;
    assert_eq!(domains["domain"][0]["memorytotal"], 12 * 512);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_only_started_vms_counted_a_start_is_what_is_limited() {
    let (cloud, admin) = world().await;
    let alice = user(&cloud, "ROOT/shop", "alice").await;
    let shop = domain(&admin, "ROOT/shop").await;
    let flag = [("name", "resource.count.running.vms.only"), ("value", "true")];
    admin.ok("updateConfiguration", &flag).await;
    limit(&admin, &shop, Some("alice"), "8", "1").await;
    let mut vms = Vec::new();
    for _ in 0..3 {
        let answer = deploy(&cloud, &alice, &[("startvm", "false")]).await.inner();
        alice.job(answer["jobid"].as_str().unwrap()).await;
        vms.push(answer["id"].as_str().unwrap().to_owned());
    }
    let all = vms.iter().map(async |vm| {
        let job = alice.ok("startVirtualMachine", &[("id", vm)]).await;
        alice.job(job["jobid"].as_str().unwrap()).await
    });
    let ended = futures_util::future::join_all(all).await;
    let (started, refused): (Vec<_>, Vec<_>) = ended.iter().partition(|job| job["jobstatus"] == 1);
    assert_eq!((started.len(), refused.len()), (1, 2));
    for job in refused {
        assert_eq!(job["jobresult"]["errorcode"], 535, "{job}");
    }
    assert_eq!(cloud.domains().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_destroyed_volumes_as_many_are_recovered_at_once_as_the_limit_has_room_for() {
    let (cloud, admin) = world().await;
    let alice = user(&cloud, "ROOT/shop", "alice").await;
    let shop = domain(&admin, "ROOT/shop").await;
    let sold = admin.ok("createDiskOffering", &[("name", "two"), ("disksize", "2")]).await;
    let sold = sold["diskoffering"]["id"].as_str().unwrap();
    let zone = cloud.catalogue.zone.to_string();
    let mut volumes = Vec::new();
    for _ in 0..8 {
        let params = [("zoneid", zone.as_str()), ("diskofferingid", sold)];
        let made = alice.ok("createVolume", &params).await;
        volumes.push(made["id"].as_str().unwrap().to_owned());
        alice.ok("destroyVolume", &[("id", volumes.last().unwrap())]).await;
    }
    assert_eq!(count(&admin, &shop, Some("alice"), "2").await, 0);
    limit(&admin, &shop, Some("alice"), "10", "6").await;
    let all = volumes.iter().map(async |id| alice.call("recoverVolume", &[("id", id)]).await);
    let replies = futures_util::future::join_all(all).await;
    let (back, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|r| r.status == 200);
    assert_eq!((back.len(), refused.len()), (3, 5));
    assert!(refused.iter().all(|reply| reply.status == 535), "{}", refused[0].body);
    assert_eq!(count(&admin, &shop, Some("alice"), "2").await, 3);
    assert_eq!(count(&admin, &shop, None, "10").await, 6 << 30);
    let there = alice.ok("listVolumes", &[("state", "Allocated")]).await;
    assert_eq!(there["count"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_counts_from_its_registration_and_its_size_when_it_is_known() {
    let (cloud, admin) = world().await;
    let alice = user(&cloud, "ROOT/shop", "alice").await;
    let shop = domain(&admin, "ROOT/shop").await;
    let register = async || {
        let params = [
            ("name", "t"),
            ("url", "http://images.invalid/t.qcow2"),
            ("format", "QCOW2"),
            ("hypervisor", "KVM"),
        ];
        alice.call("registerTemplate", &params).await
    };
    limit(&admin, &shop, Some("alice"), "4", "1").await;
    limit(&admin, &shop, Some("alice"), "11", "0").await;
    assert_eq!(register().await.status, 200);
    let refused = register().await;
    assert_eq!(refused.status, 535, "{}", refused.body);
    assert!(refused.error().contains("may have 1 of template: it has 1"), "{}", refused.body);

    // what was fetched is larger than the nothing that there is room for
    let ended = async {
        loop {
            let jobs = alice.ok("listAsyncJobs", &[]).await["asyncjobs"].clone();
            if jobs[0]["jobstatus"] != 0 {
                return jobs[0].clone();
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    let job = tokio::time::timeout(PATIENCE, ended).await.unwrap();
    assert_eq!(job["jobresult"]["errorcode"], 535, "{job}");
    assert_eq!(count(&admin, &shop, Some("alice"), "11").await, 0);
    assert_eq!(count(&admin, &shop, Some("alice"), "4").await, 1);
}

/// The last part of the next free address of the catalogue's network, 10.1.0.0/24; 0: none is free.
async fn next_free(world: &World) -> u8 {
    let network = world.catalogue.network;
    let store = &world.manager.context.store;
    let room = store.read(move |tx| network_room(tx, network)).await.unwrap();
    match room.next_free() {
        Ok(std::net::IpAddr::V4(ip)) => ip.octets()[3],
        Err(StoreError::Exhausted(_)) => 0,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_are_given_in_turn_and_what_was_given_back_rests() {
    let world = World::new().await.unwrap();
    let (network, database) = (world.catalogue.network, world.database().unwrap());
    database
        .execute_batch(&format!(
            "UPDATE network SET start_ip = '10.1.0.10', end_ip = '10.1.0.13' WHERE id = '{network}';
             INSERT INTO ip_range (id, zone, network, gateway, netmask, start_ip, end_ip, created)
                 SELECT 'r', zone, id, '10.1.0.1', '255.255.255.0', '10.1.0.100', '10.1.0.101', 1
                 FROM network WHERE id = '{network}';"
        ))
        .unwrap();
    let give = |last: u8, asked: bool| {
        let sql = "INSERT INTO address (network, ip, given, asked) VALUES (?1, ?2, 1, ?3)";
        let row = (network.to_string(), format!("10.1.0.{last}"), asked);
        database.execute(sql, row).unwrap();
    };
    let take_back = |last: u8| {
        let ip = format!("10.1.0.{last}");
        database.execute("DELETE FROM address WHERE ip = ?1", [ip]).unwrap();
    };
    give(11, true); // somebody asked for it: whose turn it is does not change
    for expected in [10, 12, 13, 100, 101] {
        assert_eq!(next_free(&world).await, expected);
        give(expected, false);
    }
    assert_eq!(next_free(&world).await, 0, "all are given out");
    take_back(12);
    assert_eq!(next_free(&world).await, 12);
    give(12, false);
    take_back(10);
    take_back(13);
    assert_eq!(next_free(&world).await, 13, "the one that comes next, not the lowest");
    give(13, false);
    assert_eq!(next_free(&world).await, 10);
}
