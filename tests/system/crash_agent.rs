//! [F] The agent is killed and the link is cut in the middle of a deployment; news comes late; room is fought for.

#![allow(clippy::unwrap_used)] // a failed unwrap is a failed test

use std::time::Duration;

use hostler_agent::hypervisor::Trouble;
use hostler_manager::agents::HostListener as _;
use hostler_manager::monitors::VmSync;
use hostler_manager::orchestration::vm::deploy;
use hostler_model::{
    Generation, JobState, Mhz, Mib, PowerReason, PowerState, ServiceOfferingId, VmState,
};
use hostler_store::run::run_get;
use hostler_store::service_offering::{OfferingTerms, ServiceOfferingRow, service_offering_add};
use hostler_store::vm::vm_get;
use hostler_tests::books::Books;
use hostler_tests::cable::Cable;
use hostler_tests::cloud::{Cloud, PATIENCE};
use hostler_wire::{HostReport, RunReport};
use uuid::Uuid;

/// Waits for something that tells nobody when it happens.
async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let there = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, there).await.unwrap_or_else(|_| panic!("never: {what}"));
}

fn starts(cloud: &Cloud) -> usize {
    let calls = cloud.hosts.iter().flat_map(|host| host.hypervisor.calls());
    calls.filter(|call| call.starts_with("start ")).count()
}

fn running(cloud: &Cloud) -> usize {
    let domains = cloud.hosts.iter().flat_map(|host| host.hypervisor.domains());
    domains.filter(|domain| domain.power == PowerState::On).count()
}

fn slow() -> Trouble {
    Trouble { start_takes: Duration::from_millis(1500), ..Trouble::default() }
}

fn faults(cloud: &Cloud) -> Vec<String> {
    let database = cloud.folder().join("manager/hostler.db");
    Books::open(&database).unwrap().audit(cloud).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_killed_in_the_middle_of_a_deployment_runs_the_vm_once_when_it_is_back() {
    let mut cloud = Cloud::with_hosts(1).await.unwrap();
    cloud.hosts[0].hypervisor.trouble(slow());
    let (vm, job) = cloud.deploy("web").await.unwrap();
    until("the host is told to start it", || starts(&cloud) == 1).await;
    cloud.hosts[0].kill().unwrap();
    cloud.hosts[0].begin();
    assert_eq!(cloud.ended(job).await.unwrap(), (JobState::Succeeded, String::new()));
    assert_eq!(cloud.vm_state(vm).await.unwrap(), VmState::Running);
    assert_eq!((cloud.domains().len(), running(&cloud)), (1, 1));
    assert_eq!(faults(&cloud), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_is_killed_before_its_orders_come_gets_them_when_it_is_back() {
    let mut cloud = Cloud::with_hosts(1).await.unwrap();
    cloud.hosts[0].hypervisor.trouble(slow());
    let (_, first) = cloud.deploy("one").await.unwrap();
    until("the host is told to start it", || starts(&cloud) == 1).await;
    let (_, second) = cloud.deploy("two").await.unwrap();
    cloud.hosts[0].kill().unwrap();
    cloud.hosts[0].begin();
    for job in [first, second] {
        let (state, why) = cloud.ended(job).await.unwrap();
        // the second may find no host at all while its only one is away, and says so
        let told = state == JobState::Failed && why.contains("no destination");
        assert!(state == JobState::Succeeded || (told && job == second), "{state}: {why}");
    }
    assert_eq!(faults(&cloud), Vec::<String>::new());
}

/// W-12.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_cut_between_a_start_and_its_answer_starts_the_vm_once() {
    let mut cloud = Cloud::with_hosts(1).await.unwrap();
    let cable = Cable::to(cloud.manager.as_ref().unwrap().agents).await.unwrap();
    cloud.hosts[0].end().await;
    cloud.hosts[0].dial(cable.port);
    cloud.hosts[0].begin();
    cloud.all_up().await.unwrap();
    cloud.hosts[0].hypervisor.trouble(slow());
    let (vm, job) = cloud.deploy("web").await.unwrap();
    until("the host is told to start it", || starts(&cloud) == 1).await;
    cable.pull();
    until("it runs", || running(&cloud) == 1).await;
    cable.plug_in();
    assert_eq!(cloud.ended(job).await.unwrap(), (JobState::Succeeded, String::new()));
    assert_eq!(cloud.vm_state(vm).await.unwrap(), VmState::Running);
    assert_eq!((starts(&cloud), running(&cloud)), (1, 1));
    assert_eq!(faults(&cloud), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn news_of_an_older_generation_changes_nothing() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (vm, job) = cloud.deploy("web").await.unwrap();
    cloud.ended(job).await.unwrap();
    let row = cloud.store().read(move |tx| vm_get(tx, vm)).await.unwrap();
    let run = row.run.unwrap();
    let before = cloud.store().read(move |tx| run_get(tx, run)).await.unwrap();
    assert!(before.generation > Generation::FIRST);
    let late = |generation| HostReport {
        runs: vec![RunReport {
            run,
            vm,
            name: row.instance_name.clone(),
            generation,
            power: PowerState::Off,
            reason: PowerReason::GuestShutdown,
        }],
        ..HostReport::default()
    };
    let sync = VmSync::new(cloud.context().clone());
    for generation in 0..=before.generation.0 {
        sync.report(before.host, &late(Generation(generation))).await;
    }
    let after = cloud.store().read(move |tx| run_get(tx, run)).await.unwrap();
    assert_eq!((after.generation, after.power), (before.generation, PowerState::On));
    assert!(!cloud.context().jobs.is_busy(vm.uuid()));
    assert_eq!(cloud.vm_state(vm).await.unwrap(), VmState::Running);
    assert_eq!(cloud.domains().len(), 1);
}

/// S-24 in small: hosts for 7, 7 and 6 VMs of 1 GiB.
#[tokio::test(flavor = "multi_thread")]
async fn of_thirty_deployments_at_once_on_room_for_twenty_twenty_run_and_ten_are_told_why() {
    let memory = [8192, 8192, 7168].map(Mib);
    let cloud = Cloud::with_memory(&memory).await.unwrap();
    let offering = ServiceOfferingRow {
        id: ServiceOfferingId::new(Uuid::new_v4()),
        name: "1 GiB".to_owned(),
        display_text: "1 GiB".to_owned(),
        cpus: 1,
        cpu_speed: Mhz(500),
        memory: Mib(1024),
        limit_cpu: false,
        storage_type: "local".to_owned(),
        root_size: None,
        host_tags: String::new(),
        tags: String::new(),
        terms: OfferingTerms::default(),
        created: cloud.context().now(),
    };
    let size = offering.id;
    cloud.store().write(move |tx| service_offering_add(tx, &offering)).await.unwrap();
    let admin = cloud.admin().await.unwrap();
    let all = (0..30).map(|number| {
        let mut request = cloud.request(&format!("web-{number}"));
        request.offering = size;
        let (cloud, admin) = (&cloud, &admin);
        async move {
            let (vm, job) = deploy(cloud.context(), admin, request).await.unwrap();
            let (state, why) = cloud.ended(job).await.unwrap();
            (cloud.vm_state(vm).await.unwrap(), state, why)
        }
    });
    let ends = futures_util::future::join_all(all).await;
    let run =
        ends.iter().filter(|(vm, job, _)| (*vm, *job) == (VmState::Running, JobState::Succeeded));
    assert_eq!(run.count(), 20, "{ends:#?}");
    let told = ends.iter().filter(|(vm, job, why)| {
        (*vm, *job) == (VmState::Error, JobState::Failed)
            && why.contains("MiB free of the 1024 MiB")
    });
    assert_eq!(told.count(), 10, "{ends:#?}");
    assert_eq!(running(&cloud), 20);
    assert_eq!(cloud.audit().await.unwrap(), [""; 0]);
    assert_eq!(faults(&cloud), Vec::<String>::new());
}
