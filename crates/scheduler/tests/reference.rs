//! Decisions held against a reference that is written as simply as can be, on small clouds drawn at random.

#![allow(clippy::unwrap_used, clippy::cast_precision_loss)] // a test says what it expects

use std::ops::Range;

use hostler_model::{
    AccountId, AffinityGroupId, AffinityKind, Bytes, ClusterId, HostId, Mhz, Mib, PodId,
    StoragePoolId, VmId,
};
use hostler_scheduler::{
    Arch, Demand, Group, HostVerdict, HostView, Kept, Mate, Occupant, Owner, Policy, PoolView,
    Scratch, Tenant, Verdict, Want, decide, drain, fits, place, place_all, rebalance,
};
use proptest::prelude::*;
use uuid::Uuid;

fn id(number: u8) -> Uuid {
    Uuid::from_u128(u128::from(number))
}

/// Domains, two of them alike as texts and not related.
const DOMAINS: &[&str] = &["ROOT", "ROOT/a", "ROOT/a/b", "ROOT/ab"];

fn tenant(domain: &str, account: u8) -> Tenant {
    let account = (account < 2).then(|| AccountId::new(id(account)));
    Tenant { domain: domain.to_owned(), account, what: String::new() }
}

prop_compose! {
    fn host()(
        flags in (0u8..10, 0u8..10, 0u8..6, 0u8..4), cpus in 1u64..5, memory in 0u64..9, claimed in (0u64..6, 0u64..9),
        ratios in prop::sample::select(vec![(1.0, 1.0), (2.0, 1.0), (1.0, 1.5), (4.0, 2.0)]),
        runs in 0u64..5, disk in (0u64..10, 0u64..10, 0u64..10), place in (0u8..2, 0u8..3),
        kept in prop::collection::vec((prop::sample::select(DOMAINS.to_vec()), 0u8..4), 0..2), zone in 0u8..3,
    ) -> HostView {
        let (up, closed, no_pool, tagged) = flags;
        HostView {
            id: HostId::new(Uuid::nil()),
            name: String::new(),
            status: if up > 0 { "Up".to_owned() } else { "Alert".to_owned() },
            cluster: ClusterId::new(id(place.1)),
            pod: PodId::new(id(place.0)),
            is_up: up > 0,
            closed: (closed == 0).then(|| "it is Disabled".to_owned()),
            arch: Arch::new("x86_64"),
            tags: if tagged == 0 { vec!["ssd".to_owned()] } else { Vec::new() },
            kept_for: kept.into_iter().map(|(domain, account)| tenant(domain, account)).collect(),
            availability_zones: if zone == 0 { vec!["east".to_owned()] } else { Vec::new() },
            cpus,
            cpu_mhz: Mhz(1000),
            cpu_claimed: Mhz(claimed.0 * 500),
            cpu_ratio: ratios.0,
            memory: Mib(memory * 256),
            memory_claimed: Mib(claimed.1 * 128),
            memory_ratio: ratios.1,
            runs,
            pool: (no_pool > 0).then(|| PoolView {
                id: StoragePoolId::new(Uuid::nil()),
                is_enabled: true,
                tags: Vec::new(),
                capacity: Bytes(disk.0),
                used: Bytes(disk.1 / 2),
                promised: Bytes(disk.2 / 2),
            }),
        }
    }
}

prop_compose! {
    fn hosts(count: Range<usize>)(mut hosts in prop::collection::vec(host(), count)) -> Vec<HostView> {
        for (number, host) in (1..).zip(&mut hosts) {
            host.id = HostId::new(id(number));
            host.name = format!("h{number}");
            if let Some(pool) = &mut host.pool {
                pool.id = StoragePoolId::new(id(number));
            }
        }
        hosts
    }
}

prop_compose! {
    fn demand()(
        cpus in 1u64..3, memory in 1u64..6, disk in 0u64..4, tagged in 0u8..5, wanted in 0u8..30, tried in 0u8..10,
        mate in prop::option::of((0u8..7, prop::sample::select(AffinityKind::ALL.to_vec()))), lies in 0u8..30,
        owner in prop::option::of((0u8..4, prop::sample::select(DOMAINS.to_vec()))), zone in 0u8..8,
    ) -> Demand {
        let arch = Arch::new("x86_64");
        let mut demand = Demand::of_size(cpus, Mhz(500), Mib(memory * 128), Bytes(disk), arch);
        if tagged == 0 {
            demand.tags.push("ssd".to_owned());
        }
        if (1..6).contains(&wanted) {
            demand.wanted = Some(HostId::new(id(wanted)));
        }
        demand.tried.push((HostId::new(id(tried)), "it failed".to_owned()));
        demand.mates.extend(mate.map(|(host, kind)| Mate {
            group: "g".to_owned(), kind, vm: "i-2-1-VM".to_owned(), host: HostId::new(id(host)),
        }));
        demand.owner = owner.map(|(account, domain)| Owner {
            account: AccountId::new(id(account)), domain: domain.to_owned(),
        });
        demand.availability_zone = (zone == 0).then(|| "east".to_owned());
        if (1..6).contains(&lies) {
            demand.disk_on = Some(StoragePoolId::new(id(lies)));
        }
        demand
    }
}

fn group() -> Group {
    let id = AffinityGroupId::new(id(99));
    Group { id, name: "g".to_owned(), kind: AffinityKind::Apart }
}

fn want(demand: &Demand, groups: &[Group]) -> Want {
    Want { name: "v".to_owned(), demand: demand.clone(), groups: groups.to_vec() }
}

/// What is claimed of a sold amount: the smallest whole number that is no less than its share.
fn share(sold: u64, ratio: f64) -> u64 {
    (0..=sold).find(|claimed| *claimed as f64 * ratio >= sold as f64).unwrap()
}

/// Whether a host will do, in one expression.
fn will_do(host: &HostView, demand: &Demand) -> bool {
    let cpu = host.cpu_claimed.0 + share(demand.cpus * demand.cpu_mhz.0, host.cpu_ratio);
    let memory = host.memory_claimed.0 + share(demand.memory.0, host.memory_ratio);
    let mates = demand.mates.iter().all(|mate| match mate.kind {
        AffinityKind::Together => mate.host == host.id,
        AffinityKind::Apart => mate.host != host.id,
        AffinityKind::RatherTogether | AffinityKind::RatherApart => true,
    });
    let disk = host.pool.as_ref().is_some_and(|pool| {
        let room = pool.used.0.max(pool.promised.0) + demand.disk.0 <= pool.capacity.0;
        let is_written = demand.disk_on == Some(pool.id) && demand.disk.0 == 0;
        demand.disk_on.is_none_or(|there| there == pool.id)
            && (is_written || room || demand.disk.0 == 0)
    });
    let kept = host.kept_for.iter().all(|tenant| {
        demand.owner.as_ref().is_some_and(|owner| match tenant.account {
            Some(account) => account == owner.account,
            None => format!("{}/", owner.domain).starts_with(&format!("{}/", tenant.domain)),
        })
    });
    let zone = demand.availability_zone.iter().all(|zone| host.availability_zones.contains(zone));
    let claimed_fits =
        host.cpu_claimed.0 <= host.cpus * host.cpu_mhz.0 && host.memory_claimed.0 <= host.memory.0;
    host.is_up
        && host.closed.is_none()
        && demand.cpus <= host.cpus
        && demand.tags.iter().all(|tag| host.tags.contains(tag))
        && demand.wanted.is_none_or(|wanted| wanted == host.id)
        && demand.tried.iter().all(|(tried, _)| *tried != host.id)
        && mates
        && kept
        && zone
        && claimed_fits
        && cpu <= host.cpus * host.cpu_mhz.0
        && memory <= host.memory.0
        && disk
}

/// The score of a host among those that will do, by the standard weighers.
fn score(host: &HostView, left: &[&HostView], demand: &Demand) -> f64 {
    let wish = |host: &HostView| {
        let here = demand.mates.iter().filter(|mate| mate.host == host.id);
        here.map(|mate| match mate.kind {
            AffinityKind::RatherTogether => 1.0,
            AffinityKind::RatherApart => -1.0,
            AffinityKind::Together | AffinityKind::Apart => 0.0,
        })
        .sum::<f64>()
    };
    let memory = |host: &HostView| {
        (host.memory.0 - host.memory_claimed.0) as f64
            - share(demand.memory.0, host.memory_ratio) as f64
    };
    let cpu = |host: &HostView| {
        let free = host.cpus * host.cpu_mhz.0 - host.cpu_claimed.0;
        free as f64 - share(demand.cpus * demand.cpu_mhz.0, host.cpu_ratio) as f64
    };
    let runs = |host: &HostView| -(host.runs as f64);
    let among = |value: &dyn Fn(&HostView) -> f64| {
        let all: Vec<f64> = left.iter().map(|host| value(host)).collect();
        let low = all.iter().copied().fold(f64::MAX, f64::min);
        let high = all.iter().copied().fold(f64::MIN, f64::max);
        if high > low { (value(host) - low) / (high - low) } else { 0.0 }
    };
    10.0 * among(&wish) + among(&memory) + among(&cpu) + among(&runs)
}

/// Of each host its name, who refused it, and who scored it.
fn names(verdict: &Verdict) -> Vec<Vec<String>> {
    let of_host = |host: &HostVerdict| {
        let refused = host.refused.iter().map(|by| format!("{}: {}", by.filter, by.why));
        let scored = host.scores.iter().map(|by| format!("{} {}", by.weigher, by.multiplier));
        [host.name.clone()].into_iter().chain(refused).chain(scored).collect()
    };
    verdict.hosts.iter().map(of_host).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_choice_is_the_one_that_a_simple_reference_makes(hosts in hosts(0..7), demand in demand(), seed: u64) {
        let left: Vec<&HostView> = hosts.iter().filter(|host| will_do(host, &demand)).collect();
        let best = left.iter().map(|host| score(host, &left, &demand)).fold(f64::MIN, f64::max);
        match place(&hosts, &demand, &Policy::standard(), seed) {
            Ok(placement) => {
                let chosen = left.iter().find(|host| host.id == placement.host);
                prop_assert!(chosen.is_some(), "{} will not do", placement.host);
                let of_chosen = score(chosen.unwrap(), &left, &demand);
                prop_assert!((of_chosen - best).abs() < 1e-6, "{of_chosen} of {best}");
                prop_assert_eq!(placement.verdict.again(), Some(placement.host));
                let kept = serde_json::to_string(&Kept::from(&placement.verdict)).unwrap();
                let written_whole = serde_json::to_string(&placement.verdict).unwrap();
                for text in [kept, written_whole] {
                    let read = Verdict::from(serde_json::from_str::<Kept>(&text).unwrap());
                    prop_assert_eq!(read.again(), Some(placement.host), "after it was stored");
                    prop_assert_eq!(names(&read), names(&placement.verdict), "{}", text);
                    prop_assert_eq!(read.filters, placement.verdict.filters.clone());
                }
            }
            Err(none) => {
                prop_assert!(left.is_empty(), "{none}");
                prop_assert_eq!(none.verdict.again(), None);
                prop_assert!(none.verdict.hosts.iter().all(|host| host.refused.is_some()));
                prop_assert_eq!(none.verdict.nearest.is_some(), !hosts.is_empty());
            }
        }
    }

    #[test]
    fn the_same_seed_makes_the_same_choice_whatever_was_decided_before(
        hosts in hosts(0..12), demand in demand(), other in demand(), seed: u64, subset in 1usize..6,
        planner in prop::sample::select(hostler_scheduler::PLANNERS.to_vec()),
    ) {
        let mut policy = Policy::standard();
        (policy.subset, policy.planner) = (subset, planner.1);
        let mut scratch = Scratch::default();
        let first = decide(&hosts, &demand, &policy, seed, &mut scratch);
        decide(&hosts, &other, &policy, seed ^ 1, &mut scratch);
        prop_assert_eq!(decide(&hosts, &demand, &policy, seed, &mut scratch), first);
        prop_assert_eq!(first.is_some(), hosts.iter().any(|host| will_do(host, &demand)));
    }

    #[test]
    fn a_batch_places_each_as_if_it_came_alone_after_the_others(
        hosts in hosts(0..7), demands in prop::collection::vec(demand(), 1..4), repeated in 1usize..4,
    ) {
        let wanted: Vec<Want> =
            demands.iter().flat_map(|demand| std::iter::repeat_n(want(demand, &[]), repeated)).collect();
        let policy = Policy::standard();
        let (mut batch, mut single) = (hosts.clone(), hosts);
        let chosen = place_all(&mut batch, &wanted, &policy, 7);
        let mut scratch = Scratch::default();
        for (Want { demand, .. }, chosen) in wanted.iter().zip(&chosen) {
            let alone = decide(&single, demand, &policy, 7, &mut scratch);
            prop_assert_eq!(alone.map(|at| single[at].id), *chosen);
            if let Some(at) = alone {
                single[at].take(demand);
                let host = &single[at];
                prop_assert!(host.memory_claimed <= host.memory);
                prop_assert!(host.cpu_claimed.0 <= host.cpus * host.cpu_mhz.0);
            }
        }
        prop_assert_eq!(batch, single);
    }

    #[test]
    fn members_of_a_group_are_told_where_those_before_them_in_the_batch_went(
        hosts in hosts(0..6), demand in demand(), in_group in prop::collection::vec(prop::bool::ANY, 1..7),
        kind in prop::sample::select(vec![AffinityKind::Apart, AffinityKind::Together]),
    ) {
        let of = Group { kind, ..group() };
        let wants: Vec<Want> = in_group.iter().map(|is_in| want(&demand, if *is_in { std::slice::from_ref(&of) } else { &[] })).collect();
        let (mut filled, mut naive) = (hosts.clone(), hosts);
        let chosen = place_all(&mut filled, &wants, &Policy::standard(), 3);
        let mut before: Vec<HostId> = Vec::new();
        for (want, chosen) in wants.iter().zip(&chosen) {
            let mates = before.iter().map(|host| Mate { group: String::new(), kind, vm: String::new(), host: *host });
            let mut demand = want.demand.clone();
            demand.mates.extend(mates.filter(|_| !want.groups.is_empty()));
            let at = naive.iter().position(|host| Some(host.id) == *chosen);
            match at {
                Some(at) => {
                    prop_assert!(will_do(&naive[at], &demand));
                    naive[at].take(&demand);
                    before.extend(chosen.filter(|_| !want.groups.is_empty()));
                }
                None => prop_assert!(!naive.iter().any(|host| will_do(host, &demand))),
            }
        }
    }

    #[test]
    fn as_many_fit_as_can_be_placed_one_after_another(hosts in hosts(0..5), demand in demand()) {
        let policy = Policy::standard();
        let told = fits(&hosts, &demand, &policy);
        let most = usize::try_from(told.more).unwrap();
        prop_assume!(most < 500);
        let mut filled = hosts.clone();
        let placed = place_all(&mut filled, &vec![want(&demand, &[]); most + 1], &policy, 0);
        prop_assert_eq!(placed.iter().flatten().count(), most);
        prop_assert_eq!(told.hosts.iter().map(|host| host.more).sum::<u64>(), told.more);
    }

    #[test]
    fn a_drain_moves_or_names_every_vm_and_fills_no_host_over(
        mut hosts in hosts(2..6), sizes in prop::collection::vec((1u64..3, 1u64..4, prop::bool::ANY), 0..8),
    ) {
        let occupant = |(number, (cpus, memory, apart)): (u8, &(u64, u64, bool))| Occupant {
            vm: VmId::new(id(number)),
            name: format!("i-2-{number}-VM"),
            host: hosts[0].id,
            demand: Demand::of_size(*cpus, Mhz(500), Mib(memory * 128), Bytes(1), Arch::new("x86_64")),
            groups: if *apart { vec![group()] } else { Vec::new() },
        };
        let all: Vec<Occupant> = (1..).zip(&sizes).map(occupant).collect();
        let from = [hosts[0].id];
        let plan = drain(&hosts, &all, &from, &Policy::standard(), 3);
        prop_assert_eq!(plan.moves.len() + plan.stuck.len(), all.len());
        let mut apart = Vec::new();
        for step in &plan.moves {
            prop_assert!(step.to != from[0]);
            let of = all.iter().find(|occupant| occupant.vm == step.vm).unwrap();
            let host = hosts.iter_mut().find(|host| host.id == step.to).unwrap();
            prop_assert!(will_do(host, &of.demand), "{} on {}", of.name, host.name);
            host.take(&of.demand);
            if !of.groups.is_empty() {
                apart.push(step.to);
            }
        }
        let count = apart.len();
        apart.sort();
        apart.dedup();
        prop_assert_eq!(apart.len(), count, "members of a group that keeps them apart share a host");
    }

    #[test]
    fn rebalancing_never_makes_it_worse_and_every_move_can_be_made(
        mut hosts in hosts(1..5), sizes in prop::collection::vec((0usize..5, 1u64..3, 1u64..4), 0..8),
    ) {
        let mut all = Vec::new();
        for (number, (at, cpus, memory)) in (1..).zip(&sizes) {
            let demand = Demand::of_size(*cpus, Mhz(500), Mib(memory * 128), Bytes(0), Arch::new("x86_64"));
            let at = at % hosts.len();
            if will_do(&hosts[at], &demand) {
                hosts[at].take(&demand);
                let (vm, name, host) = (VmId::new(id(number)), format!("i-2-{number}-VM"), hosts[at].id);
                all.push(Occupant { vm, name, host, demand, groups: Vec::new() });
            }
        }
        let plan = rebalance(&hosts, &all, &Policy::standard(), 5);
        prop_assert!(plan.after <= plan.before + 1e-9);
        prop_assert!(plan.moves.len() <= 5);
        for step in &plan.moves {
            let of = all.iter().find(|occupant| occupant.vm == step.vm).unwrap();
            let from = hosts.iter().position(|host| host.id == step.from).unwrap();
            hosts[from].give_back(&of.demand);
            let to = hosts.iter_mut().find(|host| host.id == step.to).unwrap();
            prop_assert!(will_do(to, &of.demand));
            to.take(&of.demand);
        }
    }
}
