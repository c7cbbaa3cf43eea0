//! [F] The record stays true: what hosts say is followed as far as it is proven, over a real manager and real agents.

#![allow(clippy::unwrap_used)] // a failed unwrap is a failed test

#[path = "sync/adoption.rs"]
mod adoption;
#[path = "sync/aliens.rs"]
mod aliens;
#[path = "sync/found.rs"]
mod found;
#[path = "sync/restore.rs"]
mod restore;
#[path = "sync/trail.rs"]
mod trail;

use hostler_agent::hypervisor::DomainView;
use hostler_manager::orchestration::vm::look_of;
use hostler_model::{HostId, JobState, Look, Mib, VmId};
use hostler_store::event_view::{EventFilter, event_list};
use hostler_store::run::{RunRow, run_get};
use hostler_store::vm::vm_get;
use hostler_store::{Page, Scope};
use hostler_tests::cloud::{Cloud, PATIENCE};
use hostler_tests::http::Api;
use hostler_tests::simulated::SimulatedHost;
use serde_json::Value;

/// A cloud whose grace time for missing domains is one second.
async fn cloud(hosts: usize) -> Cloud {
    cloud_with(hosts, &[]).await
}

/// The same with other settings.
async fn cloud_with(hosts: usize, settings: &[(&str, &str)]) -> Cloud {
    Cloud::configured(&vec![Mib(8192); hosts], |config| {
        for (name, value) in [("vm.missing.grace.seconds", "1")].iter().chain(settings) {
            config.settings.insert((*name).to_owned(), (*value).to_owned());
        }
    })
    .await
    .unwrap()
}

/// The cloud's API, as its administrator calls it.
fn api(cloud: &Cloud) -> Api {
    cloud.admin_api().unwrap()
}

/// The rows of a list under its key.
async fn rows(cloud: &Cloud, command: &str, params: &[(&str, &str)], key: &str) -> Vec<Value> {
    let answer = api(cloud).ok(command, params).await;
    answer.get(key).and_then(Value::as_array).cloned().unwrap_or_default()
}

/// A VM that runs.
async fn running(cloud: &Cloud, name: &str) -> VmId {
    let (vm, job) = cloud.deploy(name).await.unwrap();
    assert_eq!(cloud.ended(job).await.unwrap(), (JobState::Succeeded, String::new()));
    vm
}

/// The run of a VM that may be alive.
async fn run_of(cloud: &Cloud, vm: VmId) -> Option<RunRow> {
    let run = cloud.store().read(move |tx| {
        let row = vm_get(tx, vm)?;
        row.run.map(|run| run_get(tx, run)).transpose()
    });
    run.await.unwrap()
}

/// The host that the record believes a VM on.
async fn host_of(cloud: &Cloud, vm: VmId) -> HostId {
    run_of(cloud, vm).await.expect("it has a run").host
}

/// The simulated host of that id, and another one.
async fn sides(cloud: &Cloud, host: HostId) -> (&SimulatedHost, &SimulatedHost) {
    let first = cloud.host_id(cloud.hosts[0].guid).await.unwrap();
    let (here, there) = if first == host { (0, 1) } else { (1, 0) };
    (&cloud.hosts[here], &cloud.hosts[there])
}

/// The domain of a VM on a host.
fn domain_of(host: &SimulatedHost, vm: VmId) -> DomainView {
    let found = host.hypervisor.domains().into_iter().find(|domain| domain.uuid == vm.uuid());
    found.expect("the host has its domain")
}

/// What the events about a thing say, the oldest first.
async fn told(cloud: &Cloud, subject: uuid::Uuid, kind: &str) -> Vec<String> {
    let filter = EventFilter {
        subject: Some(subject),
        kind: Some(kind.to_owned()),
        ..EventFilter::default()
    };
    let listed = cloud
        .store()
        .read(move |tx| event_list(tx, &filter, &Scope::All, Page::default()))
        .await
        .unwrap();
    listed.rows.into_iter().rev().map(|event| event.description).collect()
}

/// Waits until something is so: the store tells nobody of its changes, a test may look again and again.
async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let so = async {
        while !is_so().await {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, so).await.unwrap_or_else(|_| panic!("never: {what}"));
}

/// Waits until an event of a kind about a thing says `words`.
async fn until_told(cloud: &Cloud, subject: uuid::Uuid, kind: &str, words: &str) {
    until(words, || async {
        told(cloud, subject, kind).await.iter().any(|text| text.contains(words))
    })
    .await;
}

fn look(run: &RunRow) -> Look {
    look_of(run, std::time::Duration::from_secs(1))
}
