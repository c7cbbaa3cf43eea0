//! Whatever is written, kept or taken back: what is in memory is what a fresh read answers.

use std::fmt::Write as _;

use hostler_model::ZoneId;
use proptest::prelude::*;
use uuid::Uuid;

use crate::claim::host_capacities;
use crate::{Store, StoreError, Tx};

/// Two zones with a pod and a cluster each, an account, six VMs with a run each, and four hosts.
const WORLD: &str = "
    INSERT INTO zone (id, name, network_type, dns1, internal_dns1, created)
        VALUES ('@01', 'z1', 'Advanced', '', '', 0), ('@02', 'z2', 'Advanced', '', '', 0);
    INSERT INTO pod (id, zone, name, created) VALUES ('@11', '@01', 'p1', 0), ('@12', '@02', 'p2', 0);
    INSERT INTO cluster (id, zone, pod, name, hypervisor, created)
        VALUES ('@21', '@01', '@11', 'c1', 'KVM', 0), ('@22', '@02', '@12', 'c2', 'KVM', 0);
    INSERT INTO host (id, guid, kind, name, zone, pod, cluster, status, status_changed, cpus, cpu_mhz, memory_mib, created)
        WITH n(i) AS (VALUES (0), (1), (2), (3))
        SELECT substr('@30', 1, 35) || i, i, 'Routing', 'h' || i, '@01', '@11', '@21', 'Up', 0, 4, 2000, 8192, 0 FROM n;
    INSERT INTO domain (id, name, path, created) VALUES ('@71', 'ROOT', 'ROOT', 0);
    INSERT INTO account (id, domain, name, kind, created) VALUES ('@72', '@71', 'a', 'User', 0);
    INSERT INTO user (id, account, name, created) VALUES ('@73', '@72', 'u', 0);
    INSERT INTO service_offering (id, name, display_text, cpus, cpu_mhz, memory_mib, created) VALUES ('@74', '', '', 1, 1, 1, 0);
    INSERT INTO template (id, account, name, display_text, url, format, os, state, created)
        VALUES ('@75', '@72', '', '', '', 'RAW', 'Linux', 'Ready', 0);
    INSERT INTO vm (id, account, user, zone, host_name, display_name, instance_name, offering, template, state, vnc_password,
            created, changed)
        WITH n(i) AS (VALUES (0), (1), (2), (3), (4), (5))
        SELECT substr('@80', 1, 35) || i, '@72', '@73', '@01', 'v' || i, '', 'i-' || i, '@74', '@75', 'Running', '', 0, 0 FROM n;
    INSERT INTO vm_run (id, vm, host, generation, owner, state, cpu_ratio, memory_ratio, created)
        WITH n(i) AS (VALUES (0), (1), (2), (3), (4), (5))
        SELECT substr('@50', 1, 35) || i, substr('@80', 1, 35) || i, '@30', 1, 'agent', 'Running', 1, 1, 0 FROM n;";

/// What can happen. `#H` is a host, `#R` a run, `#V` a volume, `#Z` a zone, `#N` a number.
const HAPPENINGS: &[&str] = &[
    "INSERT OR IGNORE INTO host (id, guid, kind, name, zone, pod, cluster, status, status_changed, cpus, cpu_mhz, memory_mib,
         created) VALUES ('@3#H', '@3#H', 'Routing', 'h#N', '@0#Z', '@1#Z', '@2#Z', 'Up', 0, 4, 2000, 8192, 0)",
    "INSERT OR IGNORE INTO storage_pool (id, name, kind, zone, host, path, state, capacity, created)
         VALUES ('@4#H', 'p', 'Directory', '@0#Z', '@3#H', '/', 'Up', #N000, 0)",
    "INSERT OR REPLACE INTO claim (run, host, cpu_mhz, memory_mib) VALUES ('@5#R', '@3#H', #N, #N)",
    "UPDATE claim SET memory_mib = memory_mib + #N WHERE host = '@3#H'",
    "UPDATE claim SET host = '@3#H' WHERE run = '@5#R'",
    "DELETE FROM claim WHERE run = '@5#R'",
    "DELETE FROM claim",
    "UPDATE host SET status = 'Alert' WHERE id = '@3#H'",
    "UPDATE host SET status = 'Up', tags = 't#N' WHERE id = '@3#H'",
    "UPDATE host SET last_ping = #N, stats = '{}' WHERE id = '@3#H'",
    "UPDATE host SET admin_state = 'Disabled', name = 'h#N' WHERE id = '@3#H'",
    "UPDATE host SET zone = '@0#Z', pod = '@1#Z', cluster = '@2#Z' WHERE id = '@3#H'",
    "UPDATE host SET memory_mib = #N WHERE cpus = 4",
    "UPDATE host SET removed = #N WHERE id = '@3#H'",
    "UPDATE host SET removed = NULL, kind = 'Routing' WHERE id = '@3#H'",
    "UPDATE cluster SET cpu_ratio = #N, memory_ratio = 1.5 WHERE id = '@2#Z'",
    "UPDATE cluster SET allocation_state = 'Disabled' WHERE id = '@2#Z'",
    "UPDATE pod SET allocation_state = 'Disabled', name = 'p#N' WHERE id = '@1#Z'",
    "UPDATE storage_pool SET used = #N WHERE id = '@4#H'",
    "UPDATE storage_pool SET state = 'Removed', removed = 1 WHERE host = '@3#H'",
    "UPDATE storage_pool SET removed = NULL, state = 'Disabled' WHERE id = '@4#H'",
    "INSERT OR REPLACE INTO volume (id, account, zone, kind, device, name, size, format, state, pool, created)
         VALUES ('@6#V', '@72', '@0#Z', 'ROOT', 0, 'v', #N, 'QCOW2', 'Ready', '@4#H', 0)",
    "UPDATE volume SET size = size + #N WHERE id = '@6#V'",
    "UPDATE volume SET pool = '@4#H', state = 'Ready' WHERE id = '@6#V'",
    "UPDATE volume SET pool = NULL WHERE pool = '@4#H'",
    "UPDATE volume SET removed = 1 WHERE id = '@6#V'",
    "DELETE FROM volume WHERE id = '@6#V'",
    "INSERT OR IGNORE INTO dedicated_resource (id, kind, resource, domain, account, created)
         VALUES ('@9#H', 'Host', '@3#H', '@71', '@72', 0)",
    "INSERT OR IGNORE INTO dedicated_resource (id, kind, resource, domain, created) VALUES ('@9#Z', 'Pod', '@1#Z', '@71', 0)",
    "DELETE FROM dedicated_resource WHERE resource = '@1#Z'",
    "UPDATE domain SET path = 'ROOT#N' WHERE id = '@71'",
    "UPDATE account SET name = 'a#N' WHERE id = '@72'",
    "INSERT OR IGNORE INTO host_aggregate (id, zone, name, availability_zone, tags, created)
         VALUES ('@9#R', '@0#Z', 'g#R', 'east#N', 't#N', 0)",
    "INSERT OR IGNORE INTO host_aggregate_member (aggregate, host) VALUES ('@9#R', '@3#H')",
    "UPDATE host_aggregate SET tags = 'u#N', availability_zone = NULL WHERE id = '@9#R'",
    "DELETE FROM host_aggregate_member WHERE aggregate = '@9#R'",
    "DELETE FROM host WHERE id = '@3#H'",
];

/// One happening, with which numbers, and whether it is kept.
#[derive(Debug, Clone)]
struct Step {
    sql: String,
    is_kept: bool,
}

prop_compose! {
    fn step()(
        sql in prop::sample::select(HAPPENINGS.to_vec()), host in 0u8..4, run in 0u8..6, volume in 0u8..4,
        zone in 1u8..3, number in 1u16..50, is_kept in prop::bool::weighted(0.8),
    ) -> Step {
        let sql = sql.replace("#H", &host.to_string()).replace("#R", &run.to_string())
            .replace("#V", &volume.to_string()).replace("#Z", &zone.to_string()).replace("#N", &number.to_string());
        Step { sql: with_ids(&sql), is_kept }
    }
}

/// `@12` is an id that ends so.
fn with_ids(sql: &str) -> String {
    let mut parts = sql.split('@');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
        let _ = write!(text, "00000000-0000-4000-8000-{digits:0>12}");
        text.push_str(&part[digits.len()..]);
    }
    text
}

fn zone(last: u128) -> ZoneId {
    ZoneId::new(Uuid::from_u128(0x4000_8000_0000_0000_0000 + last))
}

fn opened() -> (Store, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("hostler.db")).unwrap();
    (store, folder)
}

/// Says whether it was written: what refers to nothing is not, and what is not kept.
async fn write(store: &Store, sql: &str, is_kept: bool) -> bool {
    let sql = sql.to_owned();
    let done = store.write(move |tx| {
        tx.execute("do what a test wants", &sql, &[])?;
        if is_kept { Ok(()) } else { Err(StoreError::Closed) }
    });
    done.await.is_ok()
}

async fn world() -> (Store, tempfile::TempDir) {
    let (store, folder) = opened();
    for sql in with_ids(WORLD).split(';').filter(|sql| !sql.trim().is_empty()) {
        assert!(write(&store, sql, true).await, "{sql}");
    }
    (store, folder)
}

async fn hold(store: &Store, after: &str) {
    for zone in [zone(1), zone(2)] {
        let fresh = store.read(move |tx: &Tx<'_>| host_capacities(tx, zone)).await.unwrap();
        let kept: Vec<_> = store.hosts(zone).iter().map(|host| (**host).clone()).collect();
        assert_eq!(kept, fresh, "after {after}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn after_any_sequence_of_changes_memory_is_what_a_fresh_read_answers(
        steps in prop::collection::vec(step(), 1..30),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (store, _folder) = world().await;
            for step in steps {
                write(&store, &step.sql, step.is_kept).await;
                hold(&store, &step.sql).await;
            }
        });
    }
}

fn said(happening: &str, host: u8) -> String {
    let host = host.to_string();
    let sql = happening.replace("#H", &host).replace("#R", &host).replace("#V", &host);
    with_ids(&sql.replace("#Z", "1").replace("#N", "7"))
}

#[tokio::test]
async fn everything_that_can_happen_is_written_and_seen() {
    let (store, _folder) = world().await;
    hold(&store, "the beginning").await;
    assert_eq!(store.hosts(zone(1)).len(), 4);
    for happening in HAPPENINGS.iter().filter(|sql| **sql != "DELETE FROM host WHERE id = '@3#H'") {
        assert!(write(&store, &said(happening, 1), true).await, "{happening}");
        hold(&store, happening).await;
    }
}

#[tokio::test]
async fn what_somebody_else_wrote_to_the_file_is_found_at_the_next_change() {
    let (store, folder) = world().await;
    let other = rusqlite::Connection::open(folder.path().join("hostler.db")).unwrap();
    other.execute_batch(&with_ids("UPDATE host SET removed = 1 WHERE id = '@31'")).unwrap();
    assert_eq!(store.hosts(zone(1)).len(), 4);
    assert!(write(&store, "UPDATE manager SET lease_until = 1", true).await);
    assert_eq!(store.hosts(zone(1)).len(), 3);
    hold(&store, "another connection's change").await;
}

#[tokio::test]
async fn a_store_that_is_opened_again_has_the_hosts_at_once() {
    let (store, folder) = world().await;
    drop(store);
    let again = Store::open(&folder.path().join("hostler.db")).unwrap();
    assert_eq!(again.hosts(zone(1)).len(), 4);
    hold(&again, "a restart").await;
}
