//! How long decisions take, and how that grows: one VM among 100 to 100,000 hosts, a batch, and emptying a host.
//!
//! A third of the hosts is full and a tenth is away, so that filters refuse, as in life. Every standard filter, eleven, and four weighers.

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use hostler_model::{Bytes, ClusterId, HostId, Mhz, Mib, PodId, StoragePoolId, VmId};
use hostler_scheduler::{
    Arch, Demand, HostView, Occupant, Policy, PoolView, Scratch, Want, decide, drain, place,
    place_all,
};
use uuid::Uuid;

fn host(number: u64) -> HostView {
    let id = Uuid::from_u128(u128::from(number));
    let is_full = number.is_multiple_of(3);
    let memory_claimed = if is_full { 262_144 } else { (number * 37 % 200) * 1024 };
    HostView {
        id: HostId::new(id),
        name: format!("host-{number}"),
        cluster: ClusterId::new(Uuid::nil()),
        pod: PodId::new(Uuid::nil()),
        status: "Up".to_owned(),
        is_up: !number.is_multiple_of(10),
        closed: None,
        arch: Arch::new("x86_64"),
        tags: vec!["ssd".to_owned()],
        kept_for: Vec::new(),
        availability_zones: Vec::new(),
        cpus: 64,
        cpu_mhz: Mhz(2400),
        cpu_claimed: Mhz((number * 53 % 100) * 1000),
        cpu_ratio: 2.0,
        memory: Mib(262_144),
        memory_claimed: Mib(memory_claimed),
        memory_ratio: 1.0,
        runs: number * 53 % 100,
        pool: Some(PoolView {
            is_enabled: true,
            tags: Vec::new(),
            id: StoragePoolId::new(id),
            capacity: Bytes::from_gib(4000),
            used: Bytes::from_gib(number * 7 % 3000),
            promised: Bytes::from_gib(number * 11 % 3000),
        }),
    }
}

fn hosts(count: u64) -> Vec<HostView> {
    (1..=count).map(host).collect()
}

fn demand() -> Demand {
    Demand::of_size(2, Mhz(1000), Mib(4096), Bytes::from_gib(20), Arch::new("x86_64"))
}

fn decisions(c: &mut Criterion) {
    let (policy, demand) = (Policy::standard(), demand());
    let mut group = c.benchmark_group("decide where one VM goes among hosts");
    for count in [100, 1_000, 10_000, 100_000] {
        let hosts = hosts(count);
        let mut scratch = Scratch::default();
        assert!(decide(&hosts, &demand, &policy, 0, &mut scratch).is_some());
        group.bench_with_input(BenchmarkId::from_parameter(count), &hosts, |b, hosts| {
            b.iter(|| {
                let (hosts, demand) = (black_box(hosts), black_box(&demand));
                decide(hosts, demand, black_box(&policy), 0, &mut scratch)
            });
        });
    }
    group.finish();
}

fn in_words(c: &mut Criterion) {
    let (policy, demand) = (Policy::standard(), demand());
    let mut group = c.benchmark_group("the same with a sentence for every host");
    for count in [100, 1_000, 10_000] {
        let hosts = hosts(count);
        group.bench_with_input(BenchmarkId::from_parameter(count), &hosts, |b, hosts| {
            b.iter(|| place(black_box(hosts), black_box(&demand), black_box(&policy), 0));
        });
    }
    group.finish();
}

fn batches(c: &mut Criterion) {
    let want = Want { name: "v".to_owned(), demand: demand(), groups: Vec::new() };
    let (policy, wants) = (Policy::standard(), vec![want; 1_000]);
    let mut group = c.benchmark_group("place 1,000 VMs at once among hosts");
    group.sample_size(10);
    for count in [100, 1_000, 10_000] {
        let hosts = hosts(count);
        group.bench_with_input(BenchmarkId::from_parameter(count), &hosts, |b, hosts| {
            b.iter_batched(
                || hosts.clone(),
                |mut hosts| place_all(&mut hosts, &wants, &policy, 0),
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

fn drains(c: &mut Criterion) {
    let policy = Policy::standard();
    let mut group = c.benchmark_group("plan where 100 VMs of a host go among hosts");
    for count in [100, 1_000, 10_000] {
        let hosts = hosts(count);
        let occupant = |number: u64| Occupant {
            vm: VmId::new(Uuid::from_u128(u128::from(number))),
            name: format!("i-2-{number}-VM"),
            host: hosts[0].id,
            demand: Demand { memory: Mib(512 + number % 4 * 512), ..demand() },
            groups: Vec::new(),
        };
        let all: Vec<Occupant> = (1..=100).map(occupant).collect();
        assert_eq!(drain(&hosts, &all, &[hosts[0].id], &policy, 0).moves.len(), 100);
        group.bench_with_input(BenchmarkId::from_parameter(count), &hosts, |b, hosts| {
            b.iter(|| drain(black_box(hosts), black_box(&all), &[hosts[0].id], &policy, 0));
        });
    }
    group.finish();
}

criterion_group!(benches, decisions, in_words, batches, drains);
criterion_main!(benches);
