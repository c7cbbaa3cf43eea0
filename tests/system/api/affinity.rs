//! Affinity groups: where their VMs start, also when several start at the same moment.

use std::collections::BTreeSet;

use hostler_model::{HostId, Mhz, Mib, RunId, Timestamp, VmId};
use hostler_store::StoreError;
use hostler_store::claim::{Claim, claim_take};
use hostler_store::run::run_add;
use hostler_tests::cloud::Cloud;
use hostler_tests::http::Api;
use serde_json::Value;

use super::vms::{Ids, admin_of, deploy};

async fn made(api: &Api, name: &str, kind: &str) -> String {
    let answer = api.ok("createAffinityGroup", &[("name", name), ("type", kind)]).await;
    let job = api.job(answer["jobid"].as_str().unwrap()).await;
    assert_eq!(job["jobresult"]["affinitygroup"]["type"], kind, "{job}");
    answer["id"].as_str().unwrap().to_owned()
}

/// Deploys VMs at the same moment and takes the jobs' answers.
async fn deploy_at_once(api: &Api, ids: &Ids, group: &str, count: usize) -> Vec<(String, Value)> {
    let said = [("affinitygroupids", group)];
    futures_util::future::join_all((0..count).map(|_| deploy(api, ids, &said))).await
}

fn host(job: &Value) -> String {
    job["jobresult"]["virtualmachine"]["hostid"]
        .as_str()
        .unwrap_or_else(|| panic!("{job}"))
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_anti_affine_vms_started_at_once_land_on_two_hosts_and_a_third_finds_none() {
    let cloud = Cloud::with_hosts(2).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let group = made(&admin, "apart", "host anti-affinity").await;
    let both = deploy_at_once(&admin, &ids, &group, 2).await;
    let hosts: BTreeSet<String> = both.iter().map(|(_, job)| host(job)).collect();
    assert_eq!(hosts.len(), 2);
    let (third, job) = deploy(&admin, &ids, &[("affinitygroupnames", "apart")]).await;
    assert_eq!((&job["jobstatus"], &job["jobresultcode"]), (&2.into(), &533.into()), "{job}");
    let why = admin.ok("explainPlacement", &[("virtualmachineid", &third)]).await;
    let text = why.to_string();
    assert!(
        text.contains("AffinityFilter") && text.contains("group apart keeps them apart"),
        "{text}"
    );
    let instance = &both[0].1["jobresult"]["virtualmachine"]["instancename"];
    assert!(text.contains(instance.as_str().unwrap()), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn affine_vms_started_at_once_land_on_one_host() {
    let cloud = Cloud::with_hosts(3).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let group = made(&admin, "together", "host affinity").await;
    let all = deploy_at_once(&admin, &ids, &group, 4).await;
    let hosts: BTreeSet<String> = all.iter().map(|(_, job)| host(job)).collect();
    assert_eq!(hosts.len(), 1);
    let listed = admin.ok("listAffinityGroups", &[("id", &group)]).await;
    assert_eq!(listed["affinitygroup"][0]["virtualmachineIds"].as_array().unwrap().len(), 4);
    let shown = &all[0].1["jobresult"]["virtualmachine"]["affinitygroup"][0];
    assert_eq!((&shown["name"], &shown["type"]), (&"together".into(), &"host affinity".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_non_strict_group_is_a_wish() {
    let cloud = Cloud::with_hosts(2).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let group = made(&admin, "rather", "non-strict host anti-affinity").await;
    let mut hosts = Vec::new();
    for _ in 0..3 {
        hosts.push(host(&deploy(&admin, &ids, &[("affinitygroupids", &group)]).await.1));
    }
    assert_ne!(hosts[0], hosts[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_stopped_vm_changes_its_groups_and_a_deleted_group_binds_nobody() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let group = made(&admin, "apart", "host anti-affinity").await;
    let (running, _) = deploy(&admin, &ids, &[("affinitygroupids", &group)]).await;
    let change = [("id", running.as_str()), ("affinitygroupids", "")];
    let (_, text) = admin.refused("updateVMAffinityGroup", &change).await;
    assert!(text.contains("only a stopped VM"), "{text}");
    let (stopped, _) = deploy(&admin, &ids, &[("startvm", "false")]).await;
    let unknown = [("id", stopped.as_str()), ("affinitygroupnames", "none")];
    assert_eq!(admin.refused("updateVMAffinityGroup", &unknown).await.0, 431);
    let into = [("id", stopped.as_str()), ("affinitygroupids", group.as_str())];
    let answer = admin.ok("updateVMAffinityGroup", &into).await;
    let job = admin.job(answer["jobid"].as_str().unwrap()).await;
    let shown = &job["jobresult"]["virtualmachine"]["affinitygroup"];
    assert_eq!(shown[0]["name"], "apart", "{job}");
    let start = async || {
        let answer = admin.ok("startVirtualMachine", &[("id", &stopped)]).await;
        admin.job(answer["jobid"].as_str().unwrap()).await
    };
    assert_eq!(start().await["jobresultcode"], 533);
    let answer = admin.ok("deleteAffinityGroup", &[("name", "apart")]).await;
    admin.job(answer["jobid"].as_str().unwrap()).await;
    assert_eq!(start().await["jobstatus"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_an_affinity_group_forbids_by_now_is_not_taken() {
    let cloud = Cloud::with_hosts(2).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    for (kind, near_is_allowed) in [("host affinity", true), ("host anti-affinity", false)] {
        let group = made(&admin, kind, kind).await;
        let said = [("affinitygroupids", group.as_str())];
        let near: HostId = host(&deploy(&admin, &ids, &said).await.1).parse().unwrap();
        let (vm, _) = deploy(&admin, &ids, &[&said[..], &[("startvm", "false")]].concat()).await;
        let vm: VmId = vm.parse().unwrap();
        for machine in &cloud.hosts {
            let id = cloud.host_id(machine.guid).await.unwrap();
            // as a plan would that was made before the other VM had a host
            let claim = cloud.store().write(move |tx| {
                let (run, now) = (RunId::new(uuid::Uuid::new_v4()), Timestamp(1));
                run_add(tx, run, vm, id, (1.0, 1.0), now)?;
                let claim = Claim { run, vm, host: id, cpu: Mhz(1), memory: Mib(1), disk: None };
                let taken = claim_take(tx, &claim);
                // nothing of it stays
                Err::<(), _>(taken.err().unwrap_or(StoreError::Closed))
            });
            let refused = matches!(claim.await, Err(StoreError::Raced(_)));
            assert_eq!(refused, (id == near) != near_is_allowed, "{kind} {id}");
        }
    }
}
