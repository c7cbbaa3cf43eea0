//! [M] Lists of very many things, by what can be counted: which indexes a filter reads, and how many statements a page
//! takes. How long it takes is measured by `tests/bench/lists-of-many`.

#![allow(clippy::unwrap_used)] // a test says what it expects

use hostler_tests::many::{Many, World};

/// Enough that a page is full and another one follows for most filters.
const VMS: usize = 2000;

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_vms_takes_the_same_few_statements_whatever_is_filtered() {
    let world = World::new().await.unwrap();
    let many = Many::write(&world, VMS).unwrap();
    for (name, params) in many.filters() {
        let params: Vec<(&str, &str)> =
            params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        // what the manager does by itself, as when it has just begun, can only add to what is counted
        let mut fewest = u64::MAX;
        for _ in 0..5 {
            let before = world.manager.context.store.counters().statements;
            world.admin.ok("listVirtualMachines", &params).await;
            fewest = fewest.min(world.manager.context.store.counters().statements - before);
        }
        println!("{name}: {fewest} statements");
        assert!(fewest <= 10, "{name}: {fewest}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_hosts_or_volumes_has_nobody_look_at_everything_for_each_of_them() {
    let world = World::new().await.unwrap();
    Many::write(&world, VMS).unwrap();
    let page = [("listall", "true"), ("page", "1"), ("pagesize", "100")];
    for (command, list, most) in [("listHosts", "host", 1000), ("listVolumes", "volume", 3000)] {
        let before = world.manager.context.store.counters().scanned;
        let answer = world.admin.ok(command, &page).await;
        let scanned = world.manager.context.store.counters().scanned - before;
        assert_eq!(answer[list].as_array().unwrap().len(), 100);
        assert!(scanned <= most, "{command}: {scanned} rows were looked at");
    }
}
