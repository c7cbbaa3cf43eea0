//! Where VMs may run beside sizes: what is dedicated to somebody, availability zones, and hints.

use hostler_model::AccountType;
use hostler_tests::cloud::Cloud;
use hostler_tests::http::{Api, tenant};
use serde_json::Value;

use super::vms::{Ids, admin_of, deploy};

async fn done(api: &Api, command: &str, params: &[(&str, &str)]) {
    let answer = api.ok(command, params).await;
    let job = api.job(answer["jobid"].as_str().unwrap()).await;
    assert_eq!(job["jobstatus"], 1, "{command}: {job}");
}

async fn user(cloud: &Cloud, path: &str, name: &str) -> Api {
    let manager = cloud.manager.as_ref().unwrap();
    tenant(&manager.context.store, manager.api, path, name, AccountType::User).await.unwrap()
}

async fn domain_of(admin: &Api, name: &str) -> String {
    let listed = admin.ok("listDomains", &[("listall", "true"), ("name", name)]).await;
    listed["domain"][0]["id"].as_str().unwrap().to_owned()
}

async fn host_ids(cloud: &Cloud) -> Vec<String> {
    let mut ids = Vec::new();
    for host in &cloud.hosts {
        ids.push(cloud.host_id(host.guid).await.unwrap().to_string());
    }
    ids
}

fn host_of(job: &Value) -> &str {
    job["jobresult"]["virtualmachine"]["hostid"].as_str().unwrap_or_else(|| panic!("{job}"))
}

/// A VM that runs, as administrators see it.
async fn running(admin: &Api, (vm, job): (String, Value)) -> Value {
    assert_eq!(job["jobstatus"], 1, "{job}");
    let listed = admin.ok("listVirtualMachines", &[("id", &vm), ("listall", "true")]).await;
    listed["virtualmachine"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dedicated_host_takes_vms_of_its_domain_and_of_those_below_it_and_of_nobody_else() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let (own, below) =
        (user(&cloud, "ROOT/shop", "anna").await, user(&cloud, "ROOT/shop/test", "ben").await);
    let (other, alike) =
        (user(&cloud, "ROOT/bank", "carl").await, user(&cloud, "ROOT/shopping", "dora").await);
    let (host, shop) = (host_ids(&cloud).await.remove(0), domain_of(&admin, "shop").await);
    done(&admin, "dedicateHost", &[("hostid", &host), ("domainid", &shop)]).await;

    for api in [&own, &below] {
        let vm = running(&admin, deploy(api, &ids, &[]).await).await;
        assert_eq!(vm["hostid"], host.as_str());
    }
    for api in [&other, &alike, &admin] {
        let (vm, job) = deploy(api, &ids, &[]).await;
        assert_eq!((&job["jobstatus"], &job["jobresultcode"]), (&2.into(), &533.into()), "{job}");
        let why = admin.ok("explainPlacement", &[("virtualmachineid", &vm)]).await.to_string();
        let text = "is kept for others: it is dedicated to the domain ROOT/shop";
        assert!(why.contains(text), "{why}");
    }
    let listed = admin.ok("listDedicatedHosts", &[("domainid", &shop)]).await;
    assert_eq!(
        (&listed["count"], &listed["dedicatedhost"][0]["hostid"]),
        (&1.into(), &host.as_str().into())
    );
    assert_eq!(own.call("listDedicatedHosts", &[]).await.status, 432);

    // without the filter, the claim still refuses
    let filters = [("name", "scheduler.filters"), ("value", "ComputeFilter,RamFilter")];
    admin.ok("updateConfiguration", &filters).await;
    let job = deploy(&other, &ids, &[]).await.1;
    assert_eq!(job["jobstatus"], 2, "{job}");
    admin.ok("resetConfiguration", &filters[..1]).await;

    done(&admin, "releaseDedicatedHost", &[("hostid", &host)]).await;
    running(&admin, deploy(&other, &ids, &[]).await).await;
    let (code, text) = admin.refused("releaseDedicatedHost", &[("hostid", &host)]).await;
    assert!(code == 431 && text.contains("is not dedicated to anybody"), "{code} {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_can_have_a_whole_zone_to_itself() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let (own, mate) =
        (user(&cloud, "ROOT/shop", "anna").await, user(&cloud, "ROOT/shop", "eve").await);
    let shop = domain_of(&admin, "shop").await;
    let whom = [("zoneid", ids.zone.as_str()), ("domainid", &shop), ("account", "anna")];
    done(&admin, "dedicateZone", &whom).await;
    assert_eq!(deploy(&own, &ids, &[]).await.1["jobstatus"], 1);
    assert_eq!(deploy(&mate, &ids, &[]).await.1["jobresultcode"], 533);
    let listed = admin.ok("listDedicatedZones", &[]).await;
    assert_eq!(listed["dedicatedzone"][0]["accountname"], "anna");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_where_others_have_vms_or_that_would_be_of_use_to_nobody_is_not_dedicated() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let other = user(&cloud, "ROOT/bank", "carl").await;
    user(&cloud, "ROOT/shop", "anna").await;
    let vm = running(&admin, deploy(&other, &ids, &[]).await).await;
    let text = |field: &str| vm[field].as_str().unwrap().to_owned();
    let (vm, name) = (text("id"), text("instancename"));
    let host = host_ids(&cloud).await.remove(0);
    let (shop, bank) = (domain_of(&admin, "shop").await, domain_of(&admin, "bank").await);
    let for_shop = [("hostid", host.as_str()), ("domainid", shop.as_str())];
    let (_, text) = admin.refused("dedicateHost", &for_shop).await;
    assert!(text.contains(&format!("{name} of account carl is on host")), "{text}");
    assert_eq!(
        admin.ok("listDedicatedHosts", &[]).await["count"],
        Value::Null,
        "nothing was written"
    );

    done(&other, "destroyVirtualMachine", &[("id", &vm)]).await;
    done(&admin, "dedicateHost", &for_shop).await;
    let (_, text) = admin.refused("dedicateHost", &for_shop).await;
    assert!(text.contains("is dedicated already"), "{text}");
    let zone = [("zoneid", ids.zone.as_str()), ("domainid", bank.as_str())];
    let (_, text) = admin.refused("dedicateZone", &zone).await;
    assert!(text.contains("nobody could use both"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vm_that_asks_for_an_availability_zone_runs_there_and_nowhere_else() {
    let cloud = Cloud::with_hosts(3).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let hosts = host_ids(&cloud).await;
    let asked = [("availabilityzone", "east")];
    let east = [&ids.params()[..], &asked].concat();
    let (_, text) = admin.refused("deployVirtualMachine", &east).await;
    assert!(text.contains("the zone has none"), "{text}");

    let params = [("zoneid", ids.zone.as_str()), ("name", "rack 2"), ("availabilityzone", "east")];
    let made = admin.ok("createHostAggregate", &params).await["hostaggregate"].clone();
    let rack = made["id"].as_str().unwrap();
    let shown = admin.ok("addHostToAggregate", &[("id", rack), ("hostid", &hosts[2])]).await;
    assert_eq!(shown["hostaggregate"]["hosts"][0]["id"], hosts[2].as_str());
    for _ in 0..2 {
        assert_eq!(host_of(&deploy(&admin, &ids, &asked).await.1), hosts[2]);
    }
    let (_, text) = admin
        .refused(
            "deployVirtualMachine",
            &[&ids.params()[..], &[("availabilityzone", "west")]].concat(),
        )
        .await;
    assert!(text.contains("there are: east"), "{text}");
    admin.ok("removeHostFromAggregate", &[("id", rack), ("hostid", &hosts[2])]).await;
    let (vm, job) = deploy(&admin, &ids, &asked).await;
    assert_eq!(job["jobresultcode"], 533, "{job}");
    let why = admin.ok("explainPlacement", &[("virtualmachineid", &vm)]).await.to_string();
    assert!(why.contains("is not in the availability zone east"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_of_an_aggregate_are_its_hosts_tags() {
    let cloud = Cloud::with_hosts(2).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let hosts = host_ids(&cloud).await;
    let params = [("zoneid", ids.zone.as_str()), ("name", "fast"), ("hosttags", "nvme,fast")];
    let made = admin.ok("createHostAggregate", &params).await["hostaggregate"]["id"].clone();
    admin.ok("addHostToAggregate", &[("id", made.as_str().unwrap()), ("hostid", &hosts[1])]).await;
    let params = [
        ("name", "o"),
        ("cpunumber", "1"),
        ("cpuspeed", "500"),
        ("memory", "128"),
        ("hosttags", "fast"),
    ];
    let offering =
        admin.ok("createServiceOffering", &params).await["serviceoffering"]["id"].clone();
    let ids = Ids { offering: offering.as_str().unwrap().to_owned(), ..ids };
    assert_eq!(host_of(&deploy(&admin, &ids, &[]).await.1), hosts[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn hints_put_a_vm_beside_another_or_away_from_it() {
    let cloud = Cloud::with_hosts(3).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let (first, job) = deploy(&admin, &ids, &[]).await;
    let there = host_of(&job).to_owned();
    let (second, job) = deploy(&admin, &ids, &[("hints[0].same_host", &first)]).await;
    assert_eq!(host_of(&job), there);
    let both = format!("{first},{second}");
    let (_, job) = deploy(&admin, &ids, &[("hints[0].different_host", &both)]).await;
    assert_ne!(host_of(&job), there);

    let again = [("hints[0].same_host", first.as_str()), ("hints[0].different_host", &first)];
    for (hints, text) in [
        (&again[..], "both name"),
        (&[("hints[0].near", "x")][..], "one of group, same_host, different_host"),
        (&[("hints[0].same_host", "x")][..], "ids of VMs"),
    ] {
        let (code, said) =
            admin.refused("deployVirtualMachine", &[&ids.params()[..], hints].concat()).await;
        assert!(code == 431 && said.contains(text), "{code} {said}");
    }
    let other = user(&cloud, "ROOT/bank", "carl").await;
    let hinted = [("hints[0].same_host", first.as_str())];
    let (code, _) =
        other.refused("deployVirtualMachine", &[&ids.params()[..], &hinted].concat()).await;
    assert_eq!(code, 431, "somebody else's VM is as good as none");
}
