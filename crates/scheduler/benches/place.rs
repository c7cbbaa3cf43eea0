//! How long one decision takes, among a hundred, a thousand and ten thousand hosts.
//!
//! A third of the hosts is full and a tenth is away, so that filters refuse and say why, as in life.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use hostler_model::{Bytes, HostId, Mhz, Mib, StoragePoolId};
use hostler_scheduler::{Demand, HostView, Policy, PoolView, place};
use uuid::Uuid;

fn host(number: u64) -> HostView {
    let id = Uuid::from_u128(u128::from(number));
    let is_full = number.is_multiple_of(3);
    let memory_claimed = if is_full { 262_144 } else { (number * 37 % 200) * 1024 };
    HostView {
        id: HostId::new(id),
        name: format!("host-{number}"),
        status: "Up".to_owned(),
        is_up: !number.is_multiple_of(10),
        closed: None,
        arch: "x86_64".to_owned(),
        tags: vec!["ssd".to_owned()],
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

fn demand() -> Demand {
    Demand {
        pool_tags: Vec::new(),
        cpus: 2,
        cpu_mhz: Mhz(1000),
        memory: Mib(4096),
        disk: Bytes::from_gib(20),
        disk_on: None,
        arch: "x86_64".to_owned(),
        tags: Vec::new(),
        wanted: None,
        tried: Vec::new(),
        mates: Vec::new(),
    }
}

fn decisions(c: &mut Criterion) {
    let (policy, demand) = (Policy::standard(), demand());
    let mut group = c.benchmark_group("place one VM among hosts");
    for count in [100, 1_000, 10_000] {
        let hosts: Vec<HostView> = (1..=count).map(host).collect();
        assert!(place(&hosts, &demand, &policy).is_ok());
        group.bench_with_input(BenchmarkId::from_parameter(count), &hosts, |b, hosts| {
            b.iter(|| place(black_box(hosts), black_box(&demand), black_box(&policy)));
        });
    }
    group.finish();
}

criterion_group!(benches, decisions);
criterion_main!(benches);
