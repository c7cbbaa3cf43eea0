//! The restore drill: an old record, a world that has gone on, and a record that is true again without a guest touched.

use std::path::Path;

use hostler_manager::backup::{DATABASE, backup, restore};
use hostler_manager::orchestration::vm::{self, Placing};
use hostler_model::{JobState, PowerState, VmState};
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, Row};

use crate::{api, cloud, rows, run_of, running, until};

/// Every row of every table of the record in a state directory.
fn whole_record(state_dir: &Path) -> Vec<String> {
    let file = state_dir.join(DATABASE);
    let db = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let rows = |sql: &str| -> Vec<String> {
        let mut statement = db.prepare(sql).unwrap();
        let columns = statement.column_count();
        let row = |row: &Row<'_>| (0..columns).map(|at| row.get::<_, Value>(at)).collect();
        let rows: Result<Vec<Vec<Value>>, _> = statement.query_map([], row).unwrap().collect();
        rows.unwrap().iter().map(|row| format!("{row:?}")).collect()
    };
    let mut tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").unwrap();
    let names = tables.query_map([], |row| row.get(0)).unwrap();
    let names: Vec<String> = names.collect::<Result<_, _>>().unwrap();
    let all = names.iter().flat_map(|name| {
        rows(&format!("SELECT * FROM {name}")).into_iter().map(move |row| format!("{name} {row}"))
    });
    all.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_backup_becomes_true_again_and_no_guest_is_touched() {
    let mut cloud = cloud(2).await;
    let same = running(&cloud, "same").await;
    let gone = running(&cloud, "gone").await;
    let again = running(&cloud, "again").await;
    let file = cloud.folder().join("cloud.backup");
    let state = cloud.folder().join("manager");
    let files = backup(&state, &file, cloud.context().now()).unwrap();
    assert!(files >= 4, "certificates and keys are in it: {files}");

    let admin = cloud.admin().await.unwrap();
    let job = vm::destroy(cloud.context(), &admin, gone, true, Vec::new()).await.unwrap();
    assert_eq!(cloud.ended(job).await.unwrap(), (JobState::Succeeded, String::new()));
    let job = vm::stop(cloud.context(), &admin, again, true).await.unwrap();
    cloud.ended(job).await.unwrap();
    let job = vm::start(cloud.context(), &admin, again, Placing::default()).await.unwrap();
    cloud.ended(job).await.unwrap();
    let newer = running(&cloud, "newer").await;
    let (same_run, again_run) = (run_of(&cloud, same).await, run_of(&cloud, again).await);
    let domains = cloud.domains();
    let touched = |cloud: &hostler_tests::cloud::Cloud| -> Vec<String> {
        let calls = cloud.hosts.iter().flat_map(|host| host.hypervisor.calls());
        calls.filter(|call| !call.starts_with("mark ")).collect()
    };
    let before = touched(&cloud);

    // at first only to look
    let restored = cloud.folder().join("restored");
    cloud.stop_manager().await;
    restore(&file, &restored, hostler_model::Timestamp(1)).unwrap();
    let as_restored = whole_record(&restored);
    cloud.begin_in(&restored, true).await.unwrap();
    let params = [("different", "true")];
    until("all three differences are seen, and what is lost", || async {
        let seen = rows(&cloud, "listDrift", &params, "drift").await;
        let is_lost = |row: &serde_json::Value| {
            row["difference"].as_str().unwrap_or_default().contains("does not have ROOT-")
        };
        seen.len() >= 3 && seen.iter().any(is_lost)
    })
    .await;
    let seen = rows(&cloud, "listDrift", &params, "drift").await;
    let of = |vm: hostler_model::VmId, seen_as: &str| {
        let is = |row: &&serde_json::Value| {
            row["virtualmachineid"] == vm.to_string() && row["seen"] == seen_as
        };
        seen.iter().find(is).unwrap_or_else(|| panic!("{vm} {seen_as}: {seen:#?}")).clone()
    };
    of(gone, "missing");
    assert!(of(again, "on")["repair"].as_str().unwrap().contains("takes it up"));
    assert!(of(newer, "on")["difference"].as_str().unwrap().contains("does not have it"));
    let id = same.to_string();
    let refused = api(&cloud).refused("stopVirtualMachine", &[("id", &id)]).await;
    assert!(refused.1.contains("--read-only"), "{refused:?}");
    cloud.stop_manager().await;
    assert_eq!(whole_record(&restored), as_restored, "looking has written nothing");
    assert!(!restored.join("hostler.db.read-only").exists());

    // then in earnest
    cloud.begin_in(&restored, false).await.unwrap();
    cloud.vm_is(gone, VmState::Stopped).await.unwrap();
    until("the newer run is believed", || async {
        run_of(&cloud, again).await.map(|run| run.id) == again_run.as_ref().map(|run| run.id)
    })
    .await;
    assert_eq!(cloud.vm_state(again).await.unwrap(), VmState::Running);
    assert_eq!(cloud.vm_state(same).await.unwrap(), VmState::Running);
    assert_eq!(run_of(&cloud, same).await.map(|run| run.id), same_run.map(|run| run.id));
    // what the record never had, and what is gone, once the job that cleans up behind it has ended
    until("only two differences are left", || async {
        rows(&cloud, "listDrift", &params, "drift").await.len() == 2
    })
    .await;
    let differs = rows(&cloud, "listDrift", &params, "drift").await;
    assert_eq!(differs[0]["virtualmachineid"], gone.to_string());
    assert_eq!(differs[1]["virtualmachineid"], newer.to_string());
    let audit = cloud.audit().await.unwrap();
    assert_eq!(audit.len(), 2, "the same: {audit:#?}");
    assert!(audit[0].ends_with("of which the record knows nothing"), "{audit:#?}");
    assert!(audit[1].ends_with("by the record, which does not have it"), "{audit:#?}");

    // no guest was touched, and no name is given twice
    assert_eq!((touched(&cloud), cloud.domains()), (before, domains));
    let views: Vec<_> = cloud.hosts.iter().flat_map(|host| host.hypervisor.domains()).collect();
    assert!(views.iter().all(|domain| domain.power == PowerState::On), "{views:?}");
    running(&cloud, "next").await;
    assert_eq!(cloud.domains().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_expunged_since_the_backup_is_known_to_be_gone_and_can_be_expunged_again() {
    let mut cloud = cloud(1).await;
    let admin = cloud.admin().await.unwrap();
    let rest = running(&cloud, "rest").await;
    let stays = running(&cloud, "stays").await;
    for vm in [rest, stays] {
        let job = vm::stop(cloud.context(), &admin, vm, true).await.unwrap();
        cloud.ended(job).await.unwrap();
    }
    let file = cloud.folder().join("cloud.backup");
    backup(&cloud.folder().join("manager"), &file, cloud.context().now()).unwrap();
    let job = vm::destroy(cloud.context(), &admin, rest, true, Vec::new()).await.unwrap();
    assert_eq!(cloud.ended(job).await.unwrap(), (JobState::Succeeded, String::new()));
    let restored = cloud.folder().join("restored");
    cloud.stop_manager().await;
    restore(&file, &restored, hostler_model::Timestamp(1)).unwrap();
    cloud.begin_in(&restored, false).await.unwrap();

    let params = [("different", "true")];
    until("its host has said that its volume is gone", || async {
        !rows(&cloud, "listDrift", &params, "drift").await.is_empty()
    })
    .await;
    let differs = rows(&cloud, "listDrift", &params, "drift").await;
    assert_eq!(differs.len(), 1, "{differs:#?}");
    assert_eq!(differs[0]["virtualmachineid"], rest.to_string());
    assert!(differs[0]["difference"].as_str().unwrap().contains("does not have ROOT-"));
    assert!(differs[0]["repair"].as_str().unwrap().contains("the VM is expunged"));

    let admin = cloud.admin().await.unwrap();
    let job = vm::start(cloud.context(), &admin, rest, Placing::default()).await.unwrap();
    let (state, why) = cloud.ended(job).await.unwrap();
    assert_eq!(state, JobState::Failed);
    assert!(why.contains("if it was deleted, expunge its VM"), "{why}");
    assert_eq!(cloud.vm_state(rest).await.unwrap(), VmState::Stopped);

    // a repair of everything leaves it alone, one of this VM does not
    let fixed = rows(&cloud, "fixDrift", &[], "drift").await;
    assert!(fixed.len() == 1 && fixed[0].get("jobid").is_none(), "{fixed:#?}");
    let id = rest.to_string();
    let fixed = rows(&cloud, "fixDrift", &[("virtualmachineid", &id)], "drift").await;
    let job = fixed[0]["jobid"].as_str().unwrap().parse().unwrap();
    assert_eq!(cloud.ended(job).await.unwrap(), (JobState::Succeeded, String::new()));
    assert_eq!(cloud.vm_state(rest).await.unwrap(), VmState::Expunged);
    assert!(rows(&cloud, "listDrift", &params, "drift").await.is_empty());
    assert_eq!(cloud.audit().await.unwrap(), Vec::<String>::new());
    let job = vm::start(cloud.context(), &admin, stays, Placing::default()).await.unwrap();
    assert_eq!(cloud.ended(job).await.unwrap(), (JobState::Succeeded, String::new()));
}

/// At the moment of the backup, both had a host and were about to be started there.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_start_that_a_backup_was_made_in_the_middle_of_its_host_tells_what_came_of_it() {
    let mut cloud = cloud(1).await;
    let admin = cloud.admin().await.unwrap();
    let ran = running(&cloud, "ran").await;
    let did_not = running(&cloud, "did-not").await;
    let file = cloud.folder().join("cloud.backup");
    backup(&cloud.folder().join("manager"), &file, cloud.context().now()).unwrap();
    let job = vm::stop(cloud.context(), &admin, did_not, true).await.unwrap();
    cloud.ended(job).await.unwrap();
    let calls = cloud.hosts[0].hypervisor.calls().len();
    Connection::open(&file)
        .unwrap()
        .execute_batch(
            "UPDATE vm_run SET state = 'Claimed', owner = 'manager', power = 'unknown', generation = 1;
             UPDATE vm SET state = 'Starting';",
        )
        .unwrap();
    cloud.stop_manager().await;
    let restored = cloud.folder().join("restored");
    restore(&file, &restored, hostler_model::Timestamp(1)).unwrap();
    cloud.begin_in(&restored, false).await.unwrap();

    cloud.vm_is(ran, VmState::Running).await.unwrap();
    cloud.vm_is(did_not, VmState::Stopped).await.unwrap();
    assert_eq!(cloud.audit().await.unwrap(), Vec::<String>::new());
    let since = cloud.hosts[0].hypervisor.calls().split_off(calls);
    assert!(since.iter().all(|call| call.starts_with("mark ")), "no guest was touched: {since:?}");
}
