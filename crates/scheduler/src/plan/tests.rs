//! What a decision is, and what it says.

use super::*;
use crate::{Arch, Mate, Planner, PoolView};
use hostler_model::{AffinityKind, Bytes, Mhz, Mib, StoragePoolId};
use proptest::prelude::*;
use uuid::Uuid;

fn host(number: u128, memory: u64) -> HostView {
    HostView {
        id: HostId::new(Uuid::from_u128(number)),
        name: format!("kvm-{number}"),
        cluster: hostler_model::ClusterId::new(Uuid::nil()),
        pod: hostler_model::PodId::new(Uuid::nil()),
        status: "Up".to_owned(),
        is_up: true,
        closed: None,
        arch: Arch::new("x86_64"),
        tags: Vec::new(),
        kept_for: Vec::new(),
        availability_zones: Vec::new(),
        cpus: 4,
        cpu_mhz: Mhz(2000),
        cpu_claimed: Mhz(0),
        cpu_ratio: 1.0,
        memory: Mib(memory),
        memory_claimed: Mib(0),
        memory_ratio: 1.0,
        runs: 0,
        pool: Some(PoolView {
            is_enabled: true,
            tags: Vec::new(),
            id: StoragePoolId::new(Uuid::from_u128(number)),
            capacity: Bytes::from_gib(100),
            used: Bytes(0),
            promised: Bytes(0),
        }),
    }
}

fn demand(memory: u64) -> Demand {
    Demand::of_size(1, Mhz(500), Mib(memory), Bytes::from_gib(1), Arch::new("x86_64"))
}

fn mate(kind: AffinityKind, on: &HostView) -> Mate {
    Mate { group: "web".to_owned(), kind, vm: "i-2-7-VM".to_owned(), host: on.id }
}

#[test]
fn strict_groups_keep_vms_on_one_host_or_on_different_ones() {
    let hosts = [host(1, 1024), host(2, 4096)];
    for (kind, chosen) in [(AffinityKind::Together, 0), (AffinityKind::Apart, 1)] {
        let mates = vec![mate(kind, &hosts[0])];
        let wanted = Demand { mates, ..demand(512) };
        let placement = place(&hosts, &wanted, &Policy::standard(), 0).unwrap();
        assert_eq!(placement.host, hosts[chosen].id, "{kind}");
    }
}

#[test]
fn a_refusal_names_the_group_and_the_vm_in_the_way() {
    let hosts = [host(1, 1024)];
    let mates = vec![mate(AffinityKind::Apart, &hosts[0])];
    let wanted = Demand { mates, ..demand(512) };
    let none = place(&hosts, &wanted, &Policy::standard(), 0).unwrap_err();
    assert_eq!(
        none.to_string(),
        "no destination: AffinityFilter 1→0; nearest: kvm-1 runs i-2-7-VM, and group web keeps them apart"
    );
}

#[test]
fn a_non_strict_group_is_a_wish_that_counts_most_and_never_refuses() {
    let hosts = [host(1, 1024), host(2, 4096)];
    for (kind, chosen) in [(AffinityKind::RatherTogether, 0), (AffinityKind::RatherApart, 1)] {
        let mates = vec![mate(kind, &hosts[0])];
        let wanted = Demand { mates, ..demand(512) };
        assert_eq!(place(&hosts, &wanted, &Policy::standard(), 0).unwrap().host, hosts[chosen].id);
        assert!(place(&hosts[..1], &wanted, &Policy::standard(), 0).is_ok());
    }
}

#[test]
fn the_host_with_the_most_room_wins() {
    let hosts = [host(1, 1024), host(2, 4096), host(3, 2048)];
    let placement = place(&hosts, &demand(512), &Policy::standard(), 0).unwrap();
    assert_eq!(placement.host, hosts[1].id);
}

#[test]
fn on_a_tie_the_lower_id_wins() {
    let hosts = [host(7, 1024), host(2, 1024)];
    assert_eq!(place(&hosts, &demand(512), &Policy::standard(), 0).unwrap().host, hosts[1].id);
}

#[test]
fn who_finds_no_host_is_told_the_counts_and_the_nearest_miss() {
    let mut down = host(3, 8192);
    (down.is_up, down.status) = (false, "Alert".to_owned());
    let hosts = [host(1, 512), host(2, 768), down];
    let none = place(&hosts, &demand(1024), &Policy::standard(), 0).unwrap_err();
    assert_eq!(
        none.to_string(),
        "no destination: ComputeFilter 3→2, RamFilter 2→0; \
         nearest: kvm-2 lacks 256 MiB, it has 768 MiB free of the 1024 MiB wanted"
    );
    assert_eq!(
        none.verdict.for_user(),
        "no host can take this VM just now: of those that it could run on, none has enough free memory"
    );
    let why: Vec<_> =
        none.verdict.hosts.iter().map(|host| host.refused.clone().unwrap().why).collect();
    assert_eq!(
        why,
        [
            "has 512 MiB free of the 1024 MiB wanted",
            "has 768 MiB free of the 1024 MiB wanted",
            "is Alert, not Up"
        ]
    );
}

#[test]
fn overcommit_lets_a_host_promise_more_than_it_has() {
    let mut generous = host(1, 1024);
    generous.memory_ratio = 2.0;
    assert!(place(&[generous], &demand(2048), &Policy::standard(), 0).is_ok());
}

fn with(planner: Planner, subset: usize) -> Policy {
    Policy { planner, subset, ..Policy::standard() }
}

#[test]
fn one_of_the_best_few_is_drawn_and_the_same_seed_draws_the_same_again() {
    let hosts: Vec<_> = (1u32..=8).map(|n| host(n.into(), 1024 * u64::from(n))).collect();
    let mut drawn = std::collections::BTreeMap::new();
    for seed in 0..1000 {
        let chosen = place(&hosts, &demand(512), &with(Planner::Filter, 3), seed).unwrap();
        let again = place(&hosts, &demand(512), &with(Planner::Filter, 3), seed).unwrap();
        assert_eq!((chosen.host, chosen.verdict.again()), (again.host, Some(chosen.host)));
        *drawn.entry(chosen.host).or_insert(0) += 1;
    }
    let names: Vec<_> = drawn.keys().copied().collect();
    assert_eq!(names, [hosts[5].id, hosts[6].id, hosts[7].id], "the three with the most room");
    assert!(drawn.values().all(|times| (280..390).contains(times)), "{drawn:?}");
    let all = place(&hosts[..2], &demand(512), &with(Planner::Filter, 99), 1).unwrap();
    assert_eq!(all.verdict.rule.subset, 2, "no more than there are");
}

#[test]
fn each_planner_has_its_own_idea_of_the_best_host() {
    let mut hosts: Vec<_> = (1..=4).map(|n| host(n, 4096)).collect();
    hosts[2].pod = hostler_model::PodId::new(Uuid::from_u128(7));
    hosts[3].pod = hosts[2].pod;
    hosts[0].memory_claimed = Mib(2048);
    hosts[1].memory_claimed = Mib(1024);
    (hosts[2].memory_claimed, hosts[3].memory_claimed) = (Mib(512), Mib(256));
    let siblings = vec![(hosts[0].id, 1), (hosts[1].id, 3), (hosts[2].id, 5), (hosts[3].id, 2)];
    let wanted = Demand { siblings, ..demand(512) };
    let chosen = |planner| place(&hosts, &wanted, &with(planner, 1), 0).unwrap();
    for (planner, best) in [
        (Planner::Filter, 3),
        (Planner::FirstFit, 0),
        (Planner::UserDispersing, 0),
        (Planner::UserConcentratedPod, 2),
        (Planner::FirstFitLeastConsumed, 3),
    ] {
        let placement = chosen(planner);
        assert_eq!(placement.host, hosts[best].id, "{planner}");
        assert_eq!(placement.verdict.again(), Some(placement.host), "{planner}");
    }
    let any: std::collections::BTreeSet<_> = (0..64)
        .map(|seed| place(&hosts, &wanted, &with(Planner::Chance, 1), seed).unwrap().host)
        .collect();
    assert_eq!(any.len(), 4, "chance leaves none out");
}

#[test]
fn chance_never_chooses_a_host_that_a_filter_refuses() {
    let hosts = [host(1, 256), host(2, 4096), host(3, 256)];
    for seed in 0..50 {
        let placement = place(&hosts, &demand(512), &with(Planner::Random, 1), seed).unwrap();
        assert_eq!(placement.host, hosts[1].id);
    }
}

proptest! {
    #[test]
    fn no_host_is_ever_asked_for_more_than_it_has(
        memories in prop::collection::vec(0u64..4096, 0..20), wanted in 1u64..4096,
    ) {
        let hosts: Vec<_> =
            memories.iter().enumerate().map(|(n, m)| host(n as u128 + 1, *m)).collect();
        match place(&hosts, &demand(wanted), &Policy::standard(), 0) {
            Ok(p) => {
                let chosen = hosts.iter().find(|h| h.id == p.host).unwrap();
                prop_assert!(chosen.memory.0 >= wanted);
                prop_assert_eq!(Some(chosen.memory.0), memories.iter().copied().max());
            }
            Err(_) => prop_assert!(memories.iter().all(|m| *m < wanted)),
        }
    }
}

/// Hosts of which each has room for a little more than the one before; the first `full` have none.
fn many(count: u128, full: u128) -> Vec<HostView> {
    (1..=count).map(|n| host(n, if n <= full { 100 } else { 4096 })).collect()
}

#[test]
fn a_verdict_over_very_many_hosts_tells_of_the_best_and_the_nearest_and_counts_the_rest() {
    let hosts = many(1000, 300);
    let told = place(&hosts, &demand(512), &Policy::standard(), 0).unwrap().verdict;
    let (fit, refused): (Vec<_>, Vec<_>) = told.hosts.iter().partition(|h| h.refused.is_none());
    assert_eq!((fit.len(), refused.len(), told.left_out), (TOLD, TOLD, 1000 - 2 * TOLD));
    assert_eq!(
        fit.iter().filter_map(|host| host.rank).collect::<Vec<_>>(),
        (0..TOLD).collect::<Vec<_>>()
    );
    let ram = told.filters.iter().find(|count| count.filter == "RamFilter").unwrap();
    assert_eq!((ram.before, ram.after), (1000, 700));
    assert!(serde_json::to_string(&told).unwrap().len() < 12_000);
}

#[test]
fn a_verdict_that_leaves_hosts_out_still_gives_the_same_choice() {
    let hosts = many(1000, 10);
    for planner in [Planner::Filter, Planner::Random, Planner::FirstFit] {
        for subset in [1, 7, 500] {
            for seed in 0..20 {
                let policy = Policy { planner, subset, ..Policy::standard() };
                let placement = place(&hosts, &demand(512), &policy, seed).unwrap();
                assert_eq!(placement.verdict.again(), Some(placement.host), "{planner:?} {seed}");
            }
        }
    }
}

#[test]
fn a_refusal_by_very_many_hosts_says_so_of_all() {
    let hosts = many(1000, 1000);
    let told = place(&hosts, &demand(512), &Policy::standard(), 0).unwrap_err().verdict;
    assert_eq!((told.hosts.len(), told.left_out), (TOLD, 1000 - TOLD));
    assert_eq!(told.for_user(), "no host can take this VM just now: none has enough free memory");
    assert!(told.for_administrator().contains("RamFilter 1000→0"), "{}", told.for_administrator());
}
