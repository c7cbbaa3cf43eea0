//! How many more VMs of a size would fit, and what would be used up first.

use hostler_model::HostId;
use serde::{Deserialize, Serialize};

use crate::decide::first_refusal;
use crate::policy::Policy;
use crate::{Demand, HostView};

/// How many more would fit on one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostFit {
    /// The host.
    pub host: HostId,
    /// Its name.
    pub name: String,
    /// How many.
    pub more: u64,
    /// Why not one more.
    pub limit: String,
}

/// How many more would fit in a zone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fits {
    /// Altogether.
    pub more: u64,
    /// Host by host.
    pub hosts: Vec<HostFit>,
    /// The filters that say why not one more, each with the number of hosts, the most frequent first: what breaks first.
    pub limits: Vec<(String, u64)>,
}

/// More than this many on one host are not counted: then nothing limits them.
const MOST: u64 = 100_000;

/// How many more VMs like `demand` would fit. VMs of it are not in each other's way but for what they take.
pub fn fits(hosts: &[HostView], demand: &Demand, policy: &Policy) -> Fits {
    let mut fits = Fits::default();
    for host in hosts {
        let mut filled = host.clone();
        let mut more = 0;
        let refusal = loop {
            match first_refusal(&filled, demand, policy) {
                Some(refusal) => break Some(refusal),
                None if more == MOST => break None,
                None => filled.take(demand),
            }
            more += 1;
        };
        let limit = match refusal {
            Some((filter, why)) => {
                let filter = policy.filters[usize::from(filter)].name().to_owned();
                match fits.limits.iter_mut().find(|row| row.0 == filter) {
                    Some(row) => row.1 += 1,
                    None => fits.limits.push((filter, 1)),
                }
                why.words(&filled, demand)
            }
            None => "nothing limits them".to_owned(),
        };
        fits.more += more;
        fits.hosts.push(HostFit { host: host.id, name: host.name.clone(), more, limit });
    }
    fits.limits.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    fits
}
