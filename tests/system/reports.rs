//! [M] A host's full report, by what can be counted: however many VMs it names, it is taken in by the same few statements.
//! How long it takes is measured by `tests/bench/reports`.

#![allow(clippy::unwrap_used)] // a test says what it expects

use hostler_manager::agents::HostListener as _;
use hostler_manager::monitors::{VmSync, VolumeLook};
use hostler_model::Generation;
use hostler_tests::many::{Many, World};
use hostler_wire::Ping;

/// How often each is looked at.
const LOOKS: u64 = 3;

/// Statements and commits that a report of the runs of so many VMs takes, once when all of it is news and once when nothing is.
async fn cost(vms: usize) -> [(u64, u64); 2] {
    let world = World::new().await.unwrap();
    Many::write(&world, vms).unwrap();
    let (host, mut report) = Many::on_one_host(&world, 2).unwrap();
    assert_eq!(report.runs.len(), vms * 3 / 4, "three quarters of the VMs run");
    let context = &world.manager.context;
    let sync = VmSync::new(context.clone());
    // the manager's own work, such as renewing its leases, may fall into a look: of some looks the least counts
    let mut costs = [(u64::MAX, u64::MAX); 2];
    for look in 0..LOOKS {
        for run in &mut report.runs {
            run.generation = Generation(2 + look);
        }
        for cost in &mut costs {
            let before = context.store.counters();
            sync.report(host, &report).await;
            let after = context.store.counters();
            let seen = (after.statements - before.statements, after.commits - before.commits);
            *cost = seen.min(*cost);
        }
    }
    let seen = "SELECT count(*) FROM vm_run WHERE generation = 4 AND power = 'on'";
    let seen: i64 = world.database().unwrap().query_row(seen, [], |row| row.get(0)).unwrap();
    assert_eq!(usize::try_from(seen).unwrap(), report.runs.len(), "all of it was taken in");
    costs
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_of_many_vms_takes_no_more_statements_than_one_of_few() {
    let (few, many) = (cost(8).await, cost(668).await);
    println!(
        "a report of 6 and of 501 VMs, all news, then none (statements, commits): {few:?}, {many:?}"
    );
    assert_eq!(few, many);
    assert!(many.iter().all(|(statements, commits)| *statements <= 8 && *commits <= 1), "{many:?}");
}

/// Ten thousand hosts ask for it at once when their manager has begun again.
#[tokio::test(flavor = "multi_thread")]
async fn what_hosts_say_again_and_again_has_nobody_look_at_the_things_of_others() {
    let world = World::new().await.unwrap();
    Many::write(&world, 2000).unwrap();
    let context = &world.manager.context;
    let (sync, look) = (VmSync::new(context.clone()), VolumeLook::new(context.clone()));
    let host = "SELECT id FROM host WHERE name = 'host7'";
    let host: String = world.database().unwrap().query_row(host, [], |row| row.get(0)).unwrap();
    let host = host.parse().unwrap();
    // nobody is connected: what is asked of the host itself fails
    let ping = Ping { report_digest: 1, ..Ping::default() };
    let mut least = u64::MAX;
    for _ in 0..LOOKS {
        let before = context.store.counters().scanned;
        sync.ping(host, &ping).await;
        look.ping(host, &ping).await;
        least = least.min(context.store.counters().scanned - before);
    }
    assert!(least < 10, "{least} rows were looked at");
}
