//! The filter and the weigher of `docs/recipes`, in use.

#![allow(clippy::unwrap_used)] // a test says what it expects

#[path = "recipes/tag_weigher.rs"]
mod tag_weigher;
#[path = "recipes/vm_count_filter.rs"]
mod vm_count_filter;

use hostler_model::{Bytes, ClusterId, HostId, Mhz, Mib, PodId, StoragePoolId};
use hostler_scheduler::{Arch, Demand, HostView, Policy, PoolView, place};
use uuid::Uuid;

use tag_weigher::GreenWeigher;
use vm_count_filter::VmCountFilter;

fn host(number: u128, runs: u64, tag: Option<&str>) -> HostView {
    HostView {
        id: HostId::new(Uuid::from_u128(number)),
        name: format!("kvm-{number}"),
        status: "Up".to_owned(),
        cluster: ClusterId::new(Uuid::nil()),
        pod: PodId::new(Uuid::nil()),
        is_up: true,
        closed: None,
        arch: Arch::new("x86_64"),
        tags: tag.map(str::to_owned).into_iter().collect(),
        kept_for: Vec::new(),
        availability_zones: Vec::new(),
        cpus: 8,
        cpu_mhz: Mhz(2000),
        cpu_claimed: Mhz(0),
        cpu_ratio: 1.0,
        memory: Mib(8192),
        memory_claimed: Mib(0),
        memory_ratio: 1.0,
        runs,
        pool: Some(PoolView {
            id: StoragePoolId::new(Uuid::from_u128(number)),
            is_enabled: true,
            tags: Vec::new(),
            capacity: Bytes::from_gib(100),
            used: Bytes(0),
            promised: Bytes(0),
        }),
    }
}

fn demand() -> Demand {
    Demand::of_size(1, Mhz(1000), Mib(512), Bytes::from_gib(1), Arch::new("x86_64"))
}

#[test]
fn a_host_with_fifty_vms_is_refused_with_the_filters_own_words() {
    let policy = Policy::standard().with_filter(&VmCountFilter).unwrap();
    assert!(place(&[host(1, 49, None)], &demand(), &policy, 0).is_ok());
    let none = place(&[host(1, 50, None)], &demand(), &policy, 0).unwrap_err();
    assert_eq!(
        none.to_string(),
        "no destination: VmCountFilter 1→0; nearest: kvm-1 has 50 VMs already"
    );
}

#[test]
fn a_host_with_the_tag_wins_over_one_that_is_as_good_and_no_host_is_refused() {
    let policy = Policy::standard().with_weigher(&GreenWeigher, 5.0).unwrap();
    let hosts = [host(1, 0, None), host(2, 0, Some("green"))];
    let placement = place(&hosts, &demand(), &policy, 0).unwrap();
    assert_eq!(placement.host, hosts[1].id);
    assert!(place(&hosts[..1], &demand(), &policy, 0).is_ok());
}
