//! [F] Placement under load: never two claims on the same room, whoever comes at the same moment, and books that agree afterwards.

#![allow(clippy::unwrap_used)] // a test says what it expects

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use hostler_manager::orchestration::vm::{DeployRequest, deploy};
use hostler_model::{JobState, Mib, VmState};
use hostler_store::deploy_groups::NamedGroups;
use hostler_tests::cloud::Cloud;
use hostler_tests::http::Api;
use serde_json::Value;

/// Memory of a host that has room for so many VMs of the catalogue's size beside the 1 GiB that it keeps.
fn room_for(vms: u64) -> Mib {
    Mib(1024 + vms * 512)
}

fn admin_of(cloud: &Cloud) -> Api {
    let address = cloud.manager.as_ref().unwrap().api;
    Api::admin(address, &cloud.folder().join("manager")).unwrap()
}

/// The answer of an audit that found nothing.
async fn audited(admin: &Api) -> Value {
    let audit = admin.ok("auditCloud", &[]).await["audit"].clone();
    assert_eq!(audit["differences"], Value::Array(Vec::new()), "{audit:#}");
    audit
}

/// VMs by host, by the record.
async fn by_host(admin: &Api) -> BTreeMap<String, usize> {
    let listed = admin.ok("listVirtualMachines", &[("state", "Running")]).await;
    let mut hosts = BTreeMap::new();
    for vm in listed["virtualmachine"].as_array().into_iter().flatten() {
        *hosts.entry(vm["hostid"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    hosts
}

#[tokio::test(flavor = "multi_thread")]
async fn of_200_deployments_at_once_exactly_the_150_run_for_which_there_is_room_and_50_are_told_why()
 {
    let cloud = Cloud::with_memory(&[room_for(15); 10]).await.unwrap();
    let admin = admin_of(&cloud);
    let network = cloud.catalogue.network.to_string();
    let more =
        [("networkid", network.as_str()), ("startip", "10.1.0.210"), ("endip", "10.1.0.250")];
    admin.ok("createVlanIpRange", &more).await;

    let names: Vec<String> = (1..=200).map(|number| format!("web-{number}")).collect();
    let asked = join_all(names.iter().map(|name| cloud.deploy(name))).await;
    let mut ends = Vec::new();
    for asked in asked {
        let (vm, job) = asked.unwrap();
        let (state, why) = cloud.ended(job).await.unwrap();
        ends.push((vm, state, why));
    }
    let (run, told): (Vec<_>, Vec<_>) =
        ends.into_iter().partition(|(_, state, _)| *state == JobState::Succeeded);
    assert_eq!((run.len(), told.len()), (150, 50));
    for (vm, ..) in &run {
        assert_eq!(cloud.vm_state(*vm).await.unwrap(), VmState::Running);
    }
    for (vm, state, why) in &told {
        assert_eq!(
            (*state, cloud.vm_state(*vm).await.unwrap()),
            (JobState::Failed, VmState::Error)
        );
        assert!(why.contains("RamFilter 10→0"), "{why}");
    }
    assert_eq!(cloud.domains().len(), 150);
    assert_eq!(by_host(&admin).await.into_values().collect::<BTreeSet<_>>(), BTreeSet::from([15]));
    let audit = audited(&admin).await;
    assert_eq!((&audit["claims"], &audit["reports"]), (&150.into(), &10.into()));

    let refused = told[0].0.to_string();
    let why = admin.ok("explainPlacement", &[("virtualmachineid", &refused)]).await;
    let hosts = why["placement"][0]["hosts"].as_array().unwrap().clone();
    assert_eq!(hosts.len(), 10);
    for host in hosts {
        assert_eq!(host["refused"]["why"], "has 0 MiB free of the 512 MiB wanted", "{host}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_deployments_at_once_into_an_anti_affinity_group_end_on_ten_hosts() {
    let cloud = Cloud::with_hosts(10).await.unwrap();
    let admin = admin_of(&cloud);
    let group = [("name", "apart"), ("type", "host anti-affinity")];
    let made = admin.ok("createAffinityGroup", &group).await;
    admin.job(made["jobid"].as_str().unwrap()).await;

    let caller = cloud.admin().await.unwrap();
    let groups = NamedGroups { affinity_names: vec!["apart".to_owned()], ..NamedGroups::default() };
    let names: Vec<String> = (1..=10).map(|number| format!("web-{number}")).collect();
    let request = |name: &String| DeployRequest { groups: groups.clone(), ..cloud.request(name) };
    let asked = names.iter().map(|name| deploy(cloud.context(), &caller, request(name)));
    for asked in join_all(asked).await {
        let (_, job) = asked.unwrap();
        assert_eq!(cloud.ended(job).await.unwrap(), (JobState::Succeeded, String::new()));
    }
    let hosts = by_host(&admin).await;
    assert_eq!((hosts.len(), hosts.into_values().max()), (10, Some(1)));
    assert_eq!(audited(&admin).await["claims"], 10);
}

/// The zone's id and an offering's, as parameters.
fn size_of(cloud: &Cloud) -> [(&'static str, String); 2] {
    let c = cloud.catalogue;
    [("zoneid", c.zone.to_string()), ("serviceofferingid", c.offering.to_string())]
}

fn borrowed<'a>(params: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    params.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_say_where_vms_would_go_and_nothing_of_them_is_done() {
    let cloud = Cloud::with_memory(&[room_for(4), room_for(2), room_for(1)]).await.unwrap();
    let admin = admin_of(&cloud);
    let size = size_of(&cloud);
    let hosts = [0, 1, 2].map(|at: usize| cloud.hosts[at].guid);
    let mut ids = Vec::new();
    for guid in hosts {
        ids.push(cloud.host_id(guid).await.unwrap().to_string());
    }

    let plan = admin.ok("planPlacement", &borrowed(&size)).await["placementplan"].clone();
    assert_eq!(
        (&plan["hostid"], plan["hosts"].as_array().unwrap().len()),
        (&ids[0].as_str().into(), 3)
    );
    let there = [&borrowed(&size)[..], &[("hostid", ids[2].as_str())]].concat();
    let plan = admin.ok("planPlacement", &there).await["placementplan"].clone();
    assert_eq!(plan["hostid"], ids[2].as_str(), "the host that was asked for");

    for number in 1..=4 {
        let (_, job) = cloud.deploy(&format!("web-{number}")).await.unwrap();
        assert_eq!(cloud.ended(job).await.unwrap().0, JobState::Succeeded);
    }
    let before = by_host(&admin).await;
    let full = before.iter().max_by_key(|row| row.1).unwrap().0.clone();
    let drain = admin.ok("planDrain", &[("hostid", &full)]).await["drainplan"].clone();
    let (moves, stuck) = (drain["moves"].as_array().unwrap(), drain["stuck"].as_array().unwrap());
    assert_eq!(moves.len() + stuck.len(), before[&full], "{drain}");
    assert!(
        moves.iter().all(|step| step["fromid"] == full.as_str() && step["toid"] != full.as_str())
    );

    let fits = [&borrowed(&size)[..], &[("losthostids", full.as_str())]].concat();
    let without = admin.ok("planCapacity", &fits).await["capacityplan"].clone();
    let with = admin.ok("planCapacity", &borrowed(&size)).await["capacityplan"].clone();
    assert_eq!(with["more"], 3, "seven fit, and four are there: {with}");
    assert_eq!(with["limits"][0]["filter"], "RamFilter");
    assert_eq!(without["moves"].as_array().unwrap().len(), moves.len());
    assert!(without["more"].as_u64() < with["more"].as_u64(), "{without}");

    let zone = size[0].1.clone();
    let even = admin.ok("planRebalance", &[("zoneid", &zone)]).await["rebalanceplan"].clone();
    assert!(even["after"].as_f64() <= even["before"].as_f64(), "{even}");
    assert_eq!(by_host(&admin).await, before, "nothing was moved");
    audited(&admin).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zones_own_planner_and_filters_take_effect_at_the_next_placement() {
    let cloud = Cloud::with_memory(&[room_for(4), room_for(8)]).await.unwrap();
    let admin = admin_of(&cloud);
    let zone = cloud.catalogue.zone.to_string();
    let set = async |name: &str, value: &str| {
        let params = [("name", name), ("value", value), ("zoneid", zone.as_str())];
        admin.call("updateConfiguration", &params).await
    };
    let unknown = set("scheduler.filters", "RamFilter,NoSuchFilter").await;
    assert_eq!(unknown.status, 431);
    assert!(
        unknown.error().contains("no filter \"NoSuchFilter\"; known are RetryFilter"),
        "{}",
        unknown.body
    );
    assert_eq!(set("scheduler.weighers", "RamWeigher=-1").await.status, 200);

    let (vm, job) = cloud.deploy("packed").await.unwrap();
    assert_eq!(cloud.ended(job).await.unwrap().0, JobState::Succeeded);
    let small = cloud.host_id(cloud.hosts[0].guid).await.unwrap().to_string();
    assert_eq!(by_host(&admin).await.into_keys().collect::<Vec<_>>(), [small], "it packs now");
    let why = admin.ok("explainPlacement", &[("virtualmachineid", &vm.to_string())]).await;
    assert_eq!(why["placement"][0]["rule"]["planner"], "filter", "{why}");

    assert_eq!(set("vm.allocation.algorithm", "userdispersing").await.status, 200);
    for name in ["second", "third", "fourth"] {
        let (_, job) = cloud.deploy(name).await.unwrap();
        assert_eq!(cloud.ended(job).await.unwrap().0, JobState::Succeeded);
    }
    assert_eq!(by_host(&admin).await.into_values().collect::<Vec<_>>(), [2, 2], "it disperses now");
    audited(&admin).await;
}

/// Numbers that look drawn and are the same in every run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// Asks for something that may be refused, and waits for its job, which may fail.
async fn tried(admin: &Api, command: &str, params: &[(&str, &str)]) -> Option<String> {
    let reply = admin.call(command, params).await;
    let answer = reply.inner();
    if let Some(job) = answer["jobid"].as_str() {
        admin.job(job).await;
    }
    answer["id"].as_str().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn after_any_sequence_of_operations_no_host_is_sold_over_and_the_books_agree() {
    let mut cloud = Cloud::with_memory(&[room_for(3), room_for(2)]).await.unwrap();
    let admin = admin_of(&cloud);
    let c = cloud.catalogue;
    let [zone, small, template] =
        [c.zone.to_string(), c.offering.to_string(), c.template.to_string()];
    let large = [("name", "large"), ("cpunumber", "2"), ("cpuspeed", "700"), ("memory", "700")];
    let large = admin.ok("createServiceOffering", &large).await;
    let large = large["serviceoffering"]["id"].as_str().unwrap().to_owned();
    let clusters = admin.ok("listClusters", &[]).await;
    let cluster = clusters["cluster"][0]["id"].as_str().unwrap().to_owned();
    let (mut draw, mut vms, mut told) = (Draw(11), Vec::<String>::new(), 0);
    for step in 0..60 {
        let vm: String =
            if vms.is_empty() { String::new() } else { vms[draw.below(vms.len())].clone() };
        let size = if draw.below(2) == 0 { &small } else { &large };
        let operation = draw.below(12);
        match operation {
            0..=3 => {
                let params = [
                    ("zoneid", zone.as_str()),
                    ("serviceofferingid", size),
                    ("templateid", &template),
                ];
                vms.extend(tried(&admin, "deployVirtualMachine", &params).await);
            }
            4 | 5 => drop(tried(&admin, "stopVirtualMachine", &[("id", &vm)]).await),
            6 | 7 => drop(tried(&admin, "startVirtualMachine", &[("id", &vm)]).await),
            8 => {
                let params = [("id", vm.as_str()), ("serviceofferingid", size)];
                drop(tried(&admin, "scaleVirtualMachine", &params).await);
            }
            9 => {
                let params = [("id", vm.as_str()), ("expunge", "true")];
                drop(tried(&admin, "destroyVirtualMachine", &params).await);
                vms.retain(|there| *there != vm);
            }
            10 => {
                let ratio = ["1.0", "1.5", "2.0"][draw.below(3)];
                let params = [
                    ("name", "mem.overprovisioning.factor"),
                    ("value", ratio),
                    ("clusterid", &cluster),
                ];
                assert_eq!(admin.call("updateConfiguration", &params).await.status, 200);
            }
            _ => {
                // the manager goes while a VM is being started, wherever that is by then, and takes the job up again
                let params = [
                    ("zoneid", zone.as_str()),
                    ("serviceofferingid", size),
                    ("templateid", &template),
                ];
                let begun = admin.call("deployVirtualMachine", &params).await.inner();
                cloud.restart_manager().await.unwrap();
                if let Some(job) = begun["jobid"].as_str() {
                    admin.job(job).await;
                    vms.extend(begun["id"].as_str().map(str::to_owned));
                }
            }
        }
        let faults = cloud.audit().await.unwrap();
        assert_eq!(faults, [""; 0], "after step {step}, operation {operation}");
        told = told.max(by_host(&admin).await.values().sum::<usize>());
    }
    assert!(told > 3, "never more than {told} VMs ran: nothing was tried");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_ten_decisions_of_a_vm_are_kept_for_as_long_as_it_is_there() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (vm, job) = cloud.deploy("web").await.unwrap();
    assert_eq!(cloud.ended(job).await.unwrap().0, JobState::Succeeded);
    let database = cloud.folder().join("manager/hostler.db");
    let database = rusqlite::Connection::open(database).unwrap();
    let kept = || -> i64 {
        database.query_row("SELECT count(*) FROM placement", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(kept(), 1);
    let again =
        "INSERT INTO placement (vm, at, verdict) SELECT vm, at + 1, verdict FROM placement LIMIT 1";
    for _ in 0..15 {
        database.execute(again, []).unwrap();
    }
    assert_eq!(kept(), 10);
    let admin = admin_of(&cloud);
    let id = vm.to_string();
    admin.ok("destroyVirtualMachine", &[("id", &id), ("expunge", "true")]).await;
    cloud.vm_is(vm, VmState::Expunged).await.unwrap();
    assert_eq!(kept(), 0);
}
