//! A small cloud in which everything agrees, and one fault after another.

use rusqlite::Connection;

use super::*;
use crate::Store;

/// Ids are this with two digits at the end.
const ID: &str = "00000000-0000-4000-8000-0000000000";

/// Host 01 in zone 02 with pool 03 runs VM 04 (run 05) of account 06; its NIC 07 is on network 08, its volume is 09.
/// `@NN` stands for an id.
const ROWS: &str = "
    INSERT INTO domain (id, name, path, created) VALUES ('@10', 'ROOT', 'ROOT', 0);
    INSERT INTO account (id, domain, name, kind, created) VALUES ('@06', '@10', 'alice', 'User', 0);
    INSERT INTO host (id, guid, kind, name, zone, status, status_changed, cpus, cpu_mhz, memory_mib, reserved_mib, created)
        VALUES ('@01', '@11', 'Routing', 'h1', '@02', 'Up', 0, 4, 2000, 8192, 1024, 0),
               ('@21', '@22', 'Routing', 'h2', '@02', 'Up', 0, 4, 2000, 8192, 1024, 0);
    INSERT INTO storage_pool (id, name, kind, zone, host, path, state, capacity, created)
        VALUES ('@03', 'p1', 'Directory', '@02', '@01', '/', 'Up', 1000, 0);
    INSERT INTO service_offering (id, name, display_text, cpus, cpu_mhz, memory_mib, created)
        VALUES ('@12', 'o', 'o', 2, 500, 1000, 0);
    INSERT INTO vm (id, account, user, zone, host_name, display_name, instance_name, offering, template, state, run,
            vnc_password, created, changed)
        VALUES ('@04', '@06', '@13', '@02', 'web', 'web', 'i-2-1-VM', '@12', '@14', 'Running', '@05', '', 0, 0);
    INSERT INTO vm_run (id, vm, host, generation, owner, state, power, cpu_ratio, memory_ratio, created)
        VALUES ('@05', '@04', '@01', 1, 'agent', 'Running', 'on', 1.0, 1.5, 0);
    INSERT INTO claim (run, host, cpu_mhz, memory_mib) VALUES ('@05', '@01', 1000, 667);
    INSERT INTO network_offering (id, name, display_text, guest_type, guru, services)
        VALUES ('@15', 'shared', 'shared', 'Shared', 'g', 'Dhcp');
    INSERT INTO network (id, name, display_text, zone, offering, account, guru, guest_type, cidr, start_ip, end_ip,
            network_domain, created)
        VALUES ('@08', 'guests', 'guests', '@02', '@15', '@06', 'g', 'Shared', '10.1.0.0/24', '10.1.0.10', '10.1.0.20', 'd', 0);
    INSERT INTO nic (id, vm, network, device, mac, ip, is_default, created)
        VALUES ('@07', '@04', '@08', 0, '02:00:00:00:00:01', '10.1.0.10', 1, 0);
    INSERT INTO address (network, ip, nic, host, given)
        VALUES ('@08', '10.1.0.10', '@07', NULL, 0), ('@08', '10.1.0.11', NULL, '@01', 0);
    INSERT INTO volume (id, account, zone, vm, kind, device, name, size, format, state, pool, path, created)
        VALUES ('@09', '@06', '@02', '@04', 'ROOT', 0, 'ROOT-1', 100, 'QCOW2', 'Ready', '@03', '/v', 0);
";

/// The cloud, and what an audit says of it after `fault`.
async fn audited(fault: &str) -> Audit {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hostler.db");
    let store = Store::open(&path).unwrap();
    let direct = Connection::open(&path).unwrap();
    let sql = format!("PRAGMA foreign_keys = OFF; {ROWS} {fault}").replace('@', ID);
    direct.execute_batch(&sql).unwrap();
    store.read(|tx| audit_books(tx, &LimitDefaults::default())).await.unwrap()
}

#[tokio::test]
async fn a_cloud_whose_books_agree_is_recomputed_and_has_no_differences() {
    let audit = audited("").await;
    assert_eq!(audit.differences, []);
    assert_eq!((audit.claims, audit.addresses, audit.volumes, audit.runs), (1, 2, 1, 1));
    assert_eq!(audit.limits, 24, "twelve kinds, for an account and a domain");
}

#[tokio::test]
async fn every_fault_is_found_and_said_in_words() {
    let faults = [
        ("claim", "DELETE FROM claim;", "a run that may be alive has no claim"),
        ("claim", "UPDATE claim SET host = '@21';", "another host than that of its run"),
        (
            "claim",
            "UPDATE claim SET memory_mib = 600;",
            "claims 600 MiB of h1; its size makes it 667 MiB",
        ),
        (
            "claim",
            "UPDATE claim SET cpu_mhz = 1;",
            "claims 1 MHz of h1; its size makes it 1000 MHz",
        ),
        (
            "claim",
            "UPDATE host SET memory_mib = 1600;",
            "h1 has 576 MiB for VMs, of which 667 MiB are claimed",
        ),
        ("claim", "UPDATE host SET removed = 1;", "a claim on a host that was removed: h1"),
        ("address", "UPDATE nic SET ip = '10.1.0.12';", "has 10.1.0.12, which is not given to it"),
        ("address", "UPDATE nic SET removed = 1;", "10.1.0.10 is given to a NIC that is gone"),
        (
            "address",
            "UPDATE network SET start_ip = '10.1.0.11';",
            "address 10.1.0.10 of network guests is of none",
        ),
        (
            "address",
            "UPDATE network SET removed = 1;",
            "network guests is gone and 2 of its addresses are not",
        ),
        (
            "address",
            "UPDATE host SET removed = 1;",
            "10.1.0.11 is given to host h1, which was removed",
        ),
        ("volume", "UPDATE volume SET pool = NULL;", "ROOT-1 is Ready and lies on no storage pool"),
        (
            "volume",
            "UPDATE volume SET state = 'Allocated';",
            "ROOT-1 is not written and takes room",
        ),
        (
            "volume",
            "UPDATE volume SET state = 'Creating';",
            "ROOT-1 is Creating, and no job is at work on it",
        ),
        (
            "volume",
            "UPDATE storage_pool SET host = '@21';",
            "on the own disk of h2, and its VM i-2-1-VM runs on h1",
        ),
        (
            "volume",
            "UPDATE volume SET size = 1001;",
            "p1 has 1000 bytes, of which 1001 are promised",
        ),
        ("volume", "UPDATE vm SET removed = 1;", "ROOT-1 is of a VM that is gone"),
        (
            "volume",
            "UPDATE volume SET state = 'Destroy', destroyed = 1, destroyer = '@13';",
            "ROOT-1 was thrown away and is attached to a VM",
        ),
        (
            "volume",
            "UPDATE volume SET state = 'Destroy', vm = NULL;",
            "since when and by whom is not recorded",
        ),
        (
            "volume",
            "UPDATE volume SET destroyed = 1;",
            "ROOT-1 is Ready, and was thrown away by the record",
        ),
        ("tally", "UPDATE vm_tally SET number = 2;", "has 2 Running VMs, and that is not so"),
        ("tally", "DELETE FROM vm_tally;", "another number of Running VMs than there are"),
        ("run", "UPDATE vm SET state = 'Stopped';", "i-2-1-VM is Stopped, and its run is Running"),
        (
            "run",
            "UPDATE vm SET state = 'Starting';",
            "i-2-1-VM is Starting, and no job is at work on it",
        ),
        (
            "run",
            "UPDATE vm_run SET power = 'off';",
            "i-2-1-VM is Running, and h1 says that it is off",
        ),
    ];
    for (book, fault, text) in faults {
        let found = audited(fault).await.differences;
        let is_it = |found: &&Difference| found.book == book && found.text.contains(text);
        assert!(found.iter().any(|difference| is_it(&difference)), "{fault}: {found:#?}");
    }
}

#[tokio::test]
async fn what_a_job_is_at_work_on_is_no_difference() {
    let job = "INSERT INTO job (id, kind, api_command, account, user, subject_kind, subject, state, input, created)
        VALUES ('@30', 'vm.stop', 'stopVirtualMachine', '@06', '@13', 'VirtualMachine', '@04', 'Running', '{}', 0);";
    let stopping =
        format!("{job} UPDATE vm SET state = 'Stopping'; UPDATE vm_run SET power = 'off';");
    assert_eq!(audited(&stopping).await.differences, []);
}
