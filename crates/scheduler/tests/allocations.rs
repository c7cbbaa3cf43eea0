//! What a decision takes: nothing of the allocator for a host, however many there are, and few bytes for ever.

#![allow(clippy::unwrap_used)] // a test says what it expects

use allocation_counter::measure;
use hostler_model::{Bytes, ClusterId, HostId, Mhz, Mib, PodId, StoragePoolId};
use hostler_scheduler::{
    Arch, Demand, HostView, Kept, PLANNERS, Policy, PoolView, Scratch, Tenant, decide, place,
};
use uuid::Uuid;

/// A host of a cloud in which every filter has something to refuse.
fn host(number: u64) -> HostView {
    let id = Uuid::from_u128(u128::from(number));
    HostView {
        id: HostId::new(id),
        name: format!("kvm-{number}"),
        status: "Up".to_owned(),
        cluster: ClusterId::new(Uuid::nil()),
        pod: PodId::new(Uuid::from_u128(u128::from(number % 5))),
        is_up: !number.is_multiple_of(10),
        closed: number.is_multiple_of(11).then(|| "it is Disabled".to_owned()),
        arch: Arch::new(if number.is_multiple_of(12) { "aarch64" } else { "x86_64" }),
        tags: vec!["ssd".to_owned()],
        kept_for: if number.is_multiple_of(7) { vec![tenant()] } else { Vec::new() },
        availability_zones: vec!["east".to_owned()],
        cpus: 8,
        cpu_mhz: Mhz(2000),
        cpu_claimed: Mhz(number % 16 * 1000),
        cpu_ratio: 1.0,
        memory: Mib(16_384),
        memory_claimed: Mib(number % 17 * 1024),
        memory_ratio: 1.5,
        runs: number % 16,
        pool: Some(PoolView {
            id: StoragePoolId::new(id),
            is_enabled: true,
            tags: Vec::new(),
            capacity: Bytes::from_gib(100),
            used: Bytes::from_gib(number % 100),
            promised: Bytes(0),
        }),
    }
}

fn tenant() -> Tenant {
    Tenant { domain: "ROOT/shop".to_owned(), account: None, what: "it is dedicated".to_owned() }
}

#[test]
fn a_decision_with_a_used_scratch_allocates_nothing_whoever_plans() {
    let hosts: Vec<HostView> = (1..=2_000).map(host).collect();
    let arch = Arch::new("x86_64");
    let mut demand = Demand::of_size(1, Mhz(500), Mib(512), Bytes::from_gib(1), arch);
    demand.tags.push("ssd".to_owned());
    demand.availability_zone = Some("east".to_owned());
    demand.siblings = hosts.iter().take(50).map(|host| (host.id, 2)).collect();
    for (name, planner, _) in PLANNERS {
        let mut policy = Policy::standard();
        (policy.planner, policy.subset) = (*planner, 3);
        let mut scratch = Scratch::default();
        let first = decide(&hosts, &demand, &policy, 5, &mut scratch).unwrap();
        let mut again = None;
        let asked = measure(|| again = decide(&hosts, &demand, &policy, 5, &mut scratch));
        assert_eq!(asked.count_total, 0, "allocations of the planner {name}");
        assert_eq!(again, Some(first), "{name}");
        assert!((10..1_990).contains(&scratch.fitting()), "some are refused and some are not");
    }
}

#[test]
fn the_first_decision_grows_its_room_a_few_times_and_not_once_for_each_host() {
    let hosts: Vec<HostView> = (1..=2_000).map(host).collect();
    let demand = Demand::of_size(1, Mhz(500), Mib(512), Bytes(0), Arch::new("x86_64"));
    let policy = Policy::standard();
    let asked = measure(|| {
        decide(&hosts, &demand, &policy, 0, &mut Scratch::default());
    });
    assert!(asked.count_total < 60, "{} allocations for 2,000 hosts", asked.count_total);
}

#[test]
fn a_decision_among_many_hosts_is_kept_in_less_than_it_says() {
    let hosts: Vec<HostView> = (1..=2_000).map(host).collect();
    let demand = Demand::of_size(1, Mhz(500), Mib(512), Bytes(0), Arch::new("x86_64"));
    let verdict = place(&hosts, &demand, &Policy::standard(), 5).unwrap().verdict;
    let said = serde_json::to_string(&verdict).unwrap().len();
    let kept = serde_json::to_string(&Kept::from(&verdict)).unwrap().len();
    println!("{said} bytes are said, {kept} kept");
    assert!(kept * 3 < said * 2, "{kept} of {said} bytes");
}
