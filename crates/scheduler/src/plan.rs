//! From a snapshot to a plan.

use hostler_model::HostId;

use crate::filters::{DEFAULT_FILTERS, filter_named, known_filters};
use crate::verdict::{FilterCount, HostVerdict, Refusal, Score, Verdict};
use crate::weighers::{DEFAULT_WEIGHERS, known_weighers, weigher_named};
use crate::{Demand, Filter, HostView, Weigher};

/// How hosts are chosen: filters in their order, weighers with their multipliers.
pub struct Policy {
    filters: Vec<&'static dyn Filter>,
    weighers: Vec<(&'static dyn Weigher, f64)>,
}

impl std::fmt::Debug for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.filters.iter().map(|filter| filter.name())).finish()
    }
}

/// A name that no filter or weigher has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no {kind} {name:?}; known are {known}")]
pub struct PolicyError {
    /// Filter or weigher.
    pub kind: &'static str,
    /// What was asked for.
    pub name: String,
    /// What there is.
    pub known: String,
}

impl Policy {
    /// A policy of the named filters and weighers.
    ///
    /// # Errors
    /// [`PolicyError`] lists the names that are known.
    pub fn of(filters: &[&str], weighers: &[(&str, f64)]) -> Result<Self, PolicyError> {
        let known = |names: Vec<&str>| names.join(", ");
        let filters = filters
            .iter()
            .map(|name| {
                filter_named(name).ok_or_else(|| PolicyError {
                    kind: "filter",
                    name: (*name).to_owned(),
                    known: known(known_filters().iter().map(|f| f.name()).collect()),
                })
            })
            .collect::<Result<_, _>>()?;
        let weighers = weighers
            .iter()
            .map(|(name, multiplier)| {
                weigher_named(name).map(|w| (w, *multiplier)).ok_or_else(|| PolicyError {
                    kind: "weigher",
                    name: (*name).to_owned(),
                    known: known(known_weighers().iter().map(|w| w.name()).collect()),
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { filters, weighers })
    }

    /// The policy of a zone that has no setting.
    ///
    /// # Panics
    /// Never: a test holds that every default name is known.
    pub fn standard() -> Self {
        Self::of(DEFAULT_FILTERS, DEFAULT_WEIGHERS).expect("every default name is known")
    }
}

/// A host for a demand, and why that one.
#[derive(Debug, Clone)]
pub struct Placement {
    /// The host.
    pub host: HostId,
    /// Why.
    pub verdict: Verdict,
}

/// No host will do; the verdict carries every host's refusal.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", verdict.for_administrator())]
pub struct NoHost {
    /// Why.
    pub verdict: Verdict,
}

/// The host for `demand`: of those no filter refuses, the highest score; on a tie, the lower id.
///
/// # Errors
/// [`NoHost`] carries every host's refusal, for a person to read.
pub fn place(
    hosts: &[HostView],
    demand: &Demand,
    policy: &Policy,
) -> Result<Placement, Box<NoHost>> {
    let (fit, mut verdicts, filters) = sort_out(hosts, demand, policy);
    score(&fit, demand, policy, &mut verdicts);
    let best = fit
        .iter()
        .map(|(index, _)| &verdicts[*index])
        .max_by(|a, b| a.total.total_cmp(&b.total).then(b.host.cmp(&a.host)));
    let chosen = best.map(|verdict| verdict.host);
    let verdict = Verdict { demand: demand.clone(), hosts: verdicts, filters, chosen };
    match chosen {
        Some(host) => Ok(Placement { host, verdict }),
        None => Err(Box::new(NoHost { verdict })),
    }
}

type Fit<'a> = Vec<(usize, &'a HostView)>;

/// Sends every host through the filters, in their order, up to the first that refuses it.
fn sort_out<'a>(
    hosts: &'a [HostView],
    demand: &Demand,
    policy: &Policy,
) -> (Fit<'a>, Vec<HostVerdict>, Vec<FilterCount>) {
    let mut verdicts: Vec<_> = hosts
        .iter()
        .map(|host| HostVerdict {
            host: host.id,
            name: host.name.clone(),
            refused: None,
            scores: Vec::new(),
            total: 0.0,
        })
        .collect();
    let mut left: Fit<'a> = hosts.iter().enumerate().collect();
    let mut counts = Vec::with_capacity(policy.filters.len());
    for filter in &policy.filters {
        let before = left.len();
        left.retain(|(index, host)| match filter.check(host, demand) {
            Ok(()) => true,
            Err(why) => {
                verdicts[*index].refused = Some(Refusal { filter: filter.name().to_owned(), why });
                false
            }
        });
        counts.push(FilterCount { filter: filter.name().to_owned(), before, after: left.len() });
    }
    (left, verdicts, counts)
}

/// Brings each weigher's values to 0..1 among the hosts that are left, multiplies and sums.
fn score(fit: &Fit<'_>, demand: &Demand, policy: &Policy, verdicts: &mut [HostVerdict]) {
    for (weigher, multiplier) in &policy.weighers {
        let raw: Vec<f64> = fit.iter().map(|(_, host)| weigher.weigh(host, demand)).collect();
        let low = raw.iter().copied().fold(f64::INFINITY, f64::min);
        let high = raw.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        for ((index, _), value) in fit.iter().zip(raw) {
            let value = if high > low { (value - low) / (high - low) } else { 0.0 };
            let verdict = &mut verdicts[*index];
            verdict.total += value * multiplier;
            verdict.scores.push(Score {
                weigher: weigher.name().to_owned(),
                value,
                multiplier: *multiplier,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Mate, PoolView};
    use hostler_model::{AffinityKind, Bytes, Mhz, Mib, StoragePoolId};
    use proptest::prelude::*;
    use uuid::Uuid;

    fn host(number: u128, memory: u64) -> HostView {
        HostView {
            id: HostId::new(Uuid::from_u128(number)),
            name: format!("kvm-{number}"),
            status: "Up".to_owned(),
            is_up: true,
            closed: None,
            arch: "x86_64".to_owned(),
            tags: Vec::new(),
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
        Demand {
            pool_tags: Vec::new(),
            cpus: 1,
            cpu_mhz: Mhz(500),
            memory: Mib(memory),
            disk: Bytes::from_gib(1),
            disk_on: None,
            arch: "x86_64".to_owned(),
            tags: Vec::new(),
            wanted: None,
            tried: Vec::new(),
            mates: Vec::new(),
        }
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
            let placement = place(&hosts, &wanted, &Policy::standard()).unwrap();
            assert_eq!(placement.host, hosts[chosen].id, "{kind}");
        }
    }

    #[test]
    fn a_refusal_names_the_group_and_the_vm_in_the_way() {
        let hosts = [host(1, 1024)];
        let mates = vec![mate(AffinityKind::Apart, &hosts[0])];
        let wanted = Demand { mates, ..demand(512) };
        let none = place(&hosts, &wanted, &Policy::standard()).unwrap_err();
        assert_eq!(
            none.to_string(),
            "no destination: AffinityFilter 1→0; kvm-1 runs i-2-7-VM, and group web keeps them apart"
        );
    }

    #[test]
    fn a_non_strict_group_is_a_wish_that_counts_most_and_never_refuses() {
        let hosts = [host(1, 1024), host(2, 4096)];
        for (kind, chosen) in [(AffinityKind::RatherTogether, 0), (AffinityKind::RatherApart, 1)] {
            let mates = vec![mate(kind, &hosts[0])];
            let wanted = Demand { mates, ..demand(512) };
            assert_eq!(place(&hosts, &wanted, &Policy::standard()).unwrap().host, hosts[chosen].id);
            assert!(place(&hosts[..1], &wanted, &Policy::standard()).is_ok());
        }
    }

    #[test]
    fn the_host_with_the_most_room_wins() {
        let hosts = [host(1, 1024), host(2, 4096), host(3, 2048)];
        let placement = place(&hosts, &demand(512), &Policy::standard()).unwrap();
        assert_eq!(placement.host, hosts[1].id);
    }

    #[test]
    fn on_a_tie_the_lower_id_wins() {
        let hosts = [host(7, 1024), host(2, 1024)];
        assert_eq!(place(&hosts, &demand(512), &Policy::standard()).unwrap().host, hosts[1].id);
    }

    #[test]
    fn who_finds_no_host_is_told_the_counts_and_every_reason() {
        let mut down = host(3, 8192);
        (down.is_up, down.status) = (false, "Alert".to_owned());
        let hosts = [host(1, 512), host(2, 768), down];
        let none = place(&hosts, &demand(1024), &Policy::standard()).unwrap_err();
        assert_eq!(
            none.to_string(),
            "no destination: ComputeFilter 3→2, RamFilter 2→0; \
             kvm-1 has 512 MiB free of the 1024 MiB wanted; \
             kvm-2 has 768 MiB free of the 1024 MiB wanted; kvm-3 is Alert, not Up"
        );
        assert_eq!(
            none.verdict.for_user(),
            "no host can take this VM just now: of 3 hosts the last 2 were refused by the RamFilter"
        );
    }

    #[test]
    fn overcommit_lets_a_host_promise_more_than_it_has() {
        let mut generous = host(1, 1024);
        generous.memory_ratio = 2.0;
        assert!(place(&[generous], &demand(2048), &Policy::standard()).is_ok());
    }

    #[test]
    fn a_name_that_is_not_known_is_refused_with_those_that_are() {
        let error = Policy::of(&["NoSuchFilter"], &[]).unwrap_err();
        assert!(error.to_string().contains("RamFilter"), "{error}");
    }

    proptest! {
        #[test]
        fn no_host_is_ever_asked_for_more_than_it_has(
            memories in prop::collection::vec(0u64..4096, 0..20), wanted in 1u64..4096,
        ) {
            let hosts: Vec<_> =
                memories.iter().enumerate().map(|(n, m)| host(n as u128 + 1, *m)).collect();
            match place(&hosts, &demand(wanted), &Policy::standard()) {
                Ok(p) => {
                    let chosen = hosts.iter().find(|h| h.id == p.host).unwrap();
                    prop_assert!(chosen.memory.0 >= wanted);
                    prop_assert_eq!(Some(chosen.memory.0), memories.iter().copied().max());
                }
                Err(_) => prop_assert!(memories.iter().all(|m| *m < wanted)),
            }
        }
    }
}
