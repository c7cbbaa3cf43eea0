//! Destroyed VMs and time: when they go for ever, and what keeps them.

use hostler_manager::monitors::expunge_destroyed;
use hostler_store::job::{NewJob, job_add};
use hostler_tests::books::Books;
use hostler_tests::cloud::Cloud;
use hostler_tests::http::Api;
use serde_json::json;
use uuid::Uuid;

use super::vms::{Ids, admin_of, deploy};

/// Seconds for which a destroyed VM is kept when nobody has said otherwise.
const DELAY: i64 = 86400;

async fn destroyed(admin: &Api, ids: &Ids, name: &str) -> String {
    let (id, _) = deploy(admin, ids, &[("name", name)]).await;
    let answer = admin.ok("destroyVirtualMachine", &[("id", &id)]).await;
    assert_eq!(admin.job(answer["jobid"].as_str().unwrap()).await["jobstatus"], 1);
    id
}

/// As if a VM had been destroyed so many seconds ago.
fn age(cloud: &Cloud, vm: &str, seconds: i64) {
    let database = cloud.folder().join("manager/hostler.db");
    let sql = "UPDATE vm SET changed = changed - ?2 * 1000 WHERE id = ?1";
    let changed = rusqlite::Connection::open(database).unwrap().execute(sql, (vm, seconds));
    assert_eq!(changed, Ok(1));
}

/// What the manager does from time to time, and the ends of the jobs that it has begun.
async fn look(cloud: &Cloud) {
    expunge_destroyed(cloud.context()).await.unwrap();
    let books = Books::open(&cloud.folder().join("manager/hostler.db")).unwrap();
    for job in books.rows("SELECT id FROM job WHERE finished IS NULL").unwrap() {
        cloud.ended(job.parse().unwrap()).await.unwrap();
    }
}

/// The state of a VM as an administrator sees it; nothing: it is gone.
async fn state(admin: &Api, vm: &str) -> Option<String> {
    let listed = admin.ok("listVirtualMachines", &[("id", vm)]).await;
    listed["virtualmachine"][0]["state"].as_str().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destroyed_vm_goes_when_its_time_is_over_and_no_sooner() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let vm = destroyed(&admin, &ids, "web").await;
    age(&cloud, &vm, DELAY - 60);
    look(&cloud).await;
    assert_eq!(state(&admin, &vm).await.as_deref(), Some("Destroyed"));
    age(&cloud, &vm, 120);
    look(&cloud).await;
    assert_eq!(state(&admin, &vm).await, None);
    let events = admin.ok("listEvents", &[("type", "VM.EXPUNGE")]).await;
    assert!(events["count"].as_u64() > Some(0), "{events}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vm_that_was_taken_back_or_is_protected_stays_and_holds_up_no_other() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let mut vms = Vec::new();
    for name in ["back", "protected", "gone"] {
        vms.push(destroyed(&admin, &ids, name).await);
        age(&cloud, vms.last().unwrap(), 2 * DELAY);
    }
    let [back, protected, gone] = vms.try_into().unwrap();
    admin.ok("recoverVirtualMachine", &[("id", &back)]).await;
    let protect = "UPDATE vm SET delete_protection = 1 WHERE id = ?1";
    let database = cloud.folder().join("manager/hostler.db");
    rusqlite::Connection::open(database).unwrap().execute(protect, [&protected]).unwrap();
    look(&cloud).await;
    assert_eq!(state(&admin, &back).await.as_deref(), Some("Stopped"));
    assert_eq!(state(&admin, &protected).await.as_deref(), Some("Destroyed"));
    assert_eq!(state(&admin, &gone).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vm_whose_end_was_asked_for_cannot_be_taken_back_any_more() {
    let cloud = Cloud::with_hosts(1).await.unwrap();
    let (admin, ids) = (admin_of(&cloud), Ids::of(&cloud));
    let vm = destroyed(&admin, &ids, "web").await;
    let caller = cloud.admin().await.unwrap();
    let job = NewJob {
        id: hostler_model::JobId::new(Uuid::now_v7()),
        kind: "vm.expunge",
        api_command: "expungeVirtualMachine".to_owned(),
        account: caller.account,
        user: caller.user,
        subject: ("VirtualMachine", vm.parse().unwrap()),
        input: json!({}),
        steps: &[],
    };
    let now = cloud.context().now();
    // recorded, and not begun: the moment between a timer's decision and the job's first step
    cloud.store().write(move |tx| job_add(tx, &job, now)).await.unwrap();
    let (status, text) = admin.refused("recoverVirtualMachine", &[("id", &vm)]).await;
    assert_eq!((status, text.contains("is being expunged")), (431, true), "{text}");
    age(&cloud, &vm, 2 * DELAY);
    expunge_destroyed(cloud.context()).await.unwrap();
    let books = Books::open(&cloud.folder().join("manager/hostler.db")).unwrap();
    let jobs = books.rows("SELECT id FROM job WHERE kind = 'vm.expunge'").unwrap();
    assert_eq!(jobs.len(), 1, "its end is not asked for twice");
}
