//! The reason trail: it has no gaps, and every change says what brought it about.

use std::collections::BTreeMap;

use hostler_manager::orchestration::vm::{self, Placing};
use hostler_model::{JobState, PowerReason, VmState};
use serde_json::Value;
use uuid::Uuid;

use crate::{api, cloud, domain_of, host_of, rows, running, sides, until, until_told};

/// Holds a trail against itself: each thing is made once, each change begins where the one before ended, and each has
/// a cause. Returns how it ends, by thing and what of it.
fn walked(trail: &[Value]) -> BTreeMap<(String, String), String> {
    let mut ends = BTreeMap::new();
    for row in trail {
        let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
        assert_ne!(text("cause"), "", "nobody said why: {row}");
        let key = (text("resourceid"), text("what"));
        let before = row["before"].as_str().map(str::to_owned);
        let known = ends.insert(key.clone(), text("after"));
        // a run's power and host are not told when it is made
        if matches!(key.1.as_str(), "state" | "status") || known.is_some() {
            assert_eq!(before, known, "a gap: {row}");
        }
    }
    ends
}

async fn trail_of(cloud: &hostler_tests::cloud::Cloud, vm: Uuid) -> Vec<Value> {
    rows(cloud, "listHistory", &[("virtualmachineid", &vm.to_string())], "history").await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_a_vm_and_its_runs_is_there_with_its_cause() {
    let cloud = cloud(2).await;
    let (app, admin) = (cloud.context(), cloud.admin().await.unwrap());
    let vm = running(&cloud, "web").await;
    let job = vm::stop(app, &admin, vm, false).await.unwrap();
    cloud.ended(job).await.unwrap();
    let job = vm::start(app, &admin, vm, Placing::default()).await.unwrap();
    cloud.ended(job).await.unwrap();
    let (here, _) = sides(&cloud, host_of(&cloud, vm).await).await;
    here.hypervisor.power_lost(vm.uuid(), PowerReason::GuestShutdown);
    cloud.vm_is(vm, VmState::Stopped).await.unwrap();
    let job = vm::start(app, &admin, vm, Placing::default()).await.unwrap();
    assert_eq!(cloud.ended(job).await.unwrap().0, JobState::Succeeded);
    let (here, there) = sides(&cloud, host_of(&cloud, vm).await).await;
    let domain = domain_of(here, vm);
    here.hypervisor.leave(vm.uuid());
    until_told(&cloud, vm.uuid(), "VM.MIGRATE", "was migrated away").await;
    there.hypervisor.insert(domain);
    let to = cloud.host_id(there.guid).await.unwrap();
    until("the record follows", || async { host_of(&cloud, vm).await == to }).await;
    let job = vm::destroy(app, &admin, vm, true, Vec::new()).await.unwrap();
    assert_eq!(cloud.ended(job).await.unwrap(), (JobState::Succeeded, String::new()));

    let trail = trail_of(&cloud, vm.uuid()).await;
    let ends = walked(&trail);
    assert_eq!(ends[&(vm.to_string(), "state".to_owned())], "Expunged");
    let causes = |what: &str, after: &str| -> Vec<&str> {
        let rows = trail.iter().filter(|row| row["what"] == what && row["after"] == after);
        rows.map(|row| row["cause"].as_str().unwrap()).collect()
    };
    assert!(trail[0]["cause"].as_str().unwrap().starts_with("request "), "{}", trail[0]);
    assert_eq!(trail[0]["username"], "admin");
    let of_power = causes("power", "off");
    assert!(of_power.iter().any(|cause| cause.starts_with("report of host ")), "{of_power:?}");
    let of_state = causes("state", "Running");
    assert!(of_state.iter().any(|cause| cause.contains("step start")), "{of_state:?}");
    let of_host = causes("host", &to.to_string());
    assert!(of_host.iter().all(|cause| cause.starts_with("report of host ")), "{of_host:?}");
    // found off by a report: the job that records it says so
    let of_end = causes("state", "Stopped");
    assert!(
        of_end.iter().any(|cause| cause.contains("asked for by report of host ")),
        "{of_end:?}"
    );
    assert!(
        trail
            .iter()
            .filter(|row| row["cause"].as_str().unwrap().starts_with("job "))
            .all(|row| row["jobid"].is_string() && row["username"] == "admin")
    );
    println!("{} changes, none without a cause", trail.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_a_host_is_there_with_its_cause() {
    let mut cloud = cloud(1).await;
    let host = cloud.host_id(cloud.hosts[0].guid).await.unwrap().to_string();
    cloud.hosts[0].end().await;
    cloud.hosts[0].begin();
    until("it is back", || async {
        let trail = rows(&cloud, "listHistory", &[("hostid", &host)], "history").await;
        trail.iter().filter(|row| row["after"] == "Up").count() == 2
    })
    .await;
    cloud.restart_manager().await.unwrap();
    let maintained = api(&cloud).ok("prepareHostForMaintenance", &[("id", &host)]).await;
    api(&cloud).job(maintained["jobid"].as_str().unwrap()).await;
    let trail = rows(&cloud, "listHistory", &[("hostid", &host)], "history").await;
    let ends = walked(&trail);
    assert_eq!(ends[&(host.clone(), "status".to_owned())], "Up");
    assert_eq!(ends[&(host, "adminstate".to_owned())], "Maintenance");
    let words: Vec<&str> = trail.iter().map(|row| row["cause"].as_str().unwrap()).collect();
    for expected in ["said Startup", "acknowledged Ready", "shutting down", "host.maintain"] {
        assert!(words.iter().any(|cause| cause.contains(expected)), "{expected}: {words:?}");
    }
}
