//! All machines of a simulated cloud, and orders to them.
//!
//! Not here: one machine (`host`), and where orders come from.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use hostler_agent::hypervisor::Trouble;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

use crate::dial::Cable;
use crate::host::{HostError, Machine};
use crate::identity::Identity;
use crate::order::{Deed, Hosts, Order};
use crate::pause::pause;
use crate::scenario::Scenario;

/// The zone of a simulated cloud.
pub const ZONE: &str = "simulated";

/// The names of the pod and the cluster that host `number` belongs to, counted from 1.
pub fn place(scenario: &Scenario, number: usize) -> (String, String) {
    let cluster = (number - 1) % scenario.clusters + 1;
    (format!("pod-{cluster}"), format!("cluster-{cluster}"))
}

/// The machines. Cloning it shares them.
#[derive(Debug, Clone)]
pub struct Fleet {
    hosts: Arc<[Arc<Machine>]>,
    worker: Arc<Machine>,
    answer_ms: (u64, u64),
    chance: Arc<Mutex<StdRng>>,
}

impl Fleet {
    /// The machines of a scenario, switched off: an image worker with the first identity, hosts with the others.
    ///
    /// # Errors
    /// [`HostError`]; there are too few identities.
    pub fn new(
        scenario: &Scenario,
        manager: SocketAddr,
        identities: Vec<Identity>,
    ) -> Result<Self, HostError> {
        let mut identities = identities.into_iter();
        let first = identities.next().ok_or(HostError::Identities)?;
        let worker = Machine::worker(manager, first, ZONE, scenario.host.backoff_max)?;
        let hosts: Vec<_> = (1..=scenario.hosts)
            .zip(identities)
            .map(|(number, identity)| {
                let (pod, cluster) = place(scenario, number);
                let place = [ZONE, &pod, &cluster];
                let name = format!("h{number}");
                Machine::host(name, manager, identity, place, &scenario.host).map(Arc::new)
            })
            .collect::<Result<_, HostError>>()?;
        if hosts.len() < scenario.hosts {
            return Err(HostError::Identities);
        }
        Ok(Self {
            hosts: hosts.into(),
            worker: Arc::new(worker),
            answer_ms: scenario.host.answer_ms,
            chance: Arc::new(Mutex::new(StdRng::seed_from_u64(scenario.seed))),
        })
    }

    /// Switches everything on.
    pub fn begin(&self) {
        self.worker.switch_on();
        for host in &*self.hosts {
            host.switch_on();
        }
    }

    /// How many guests run, over all hosts.
    pub fn running(&self) -> usize {
        self.hosts.iter().map(|host| host.running()).sum()
    }

    /// How many hosts there are.
    pub fn len(&self) -> usize {
        self.hosts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    /// Carries an order out, and says what was done. What is limited in time ends by itself.
    ///
    /// # Errors
    /// A text, if there is no such host.
    pub fn order(&self, order: &Order) -> Result<String, String> {
        let Order::Do { deed, hosts, time } = order else { return Ok(self.status()) };
        let chosen = self.choose(hosts)?;
        for host in &chosen {
            self.act(host, *deed);
        }
        let count = chosen.len();
        if let Some(time) = *time {
            let (fleet, deed) = (self.clone(), *deed);
            tokio::spawn(async move {
                pause(time).await;
                for host in &chosen {
                    fleet.undo(host, deed);
                }
            });
        }
        Ok(format!("{order}: {count} {}", if count == 1 { "host" } else { "hosts" }))
    }

    fn status(&self) -> String {
        let off = self.hosts.iter().filter(|host| !host.is_on()).count();
        let cut = self.hosts.iter().filter(|host| host.cable_state() != Cable::Whole).count();
        format!(
            "{} hosts, {off} off, {cut} with a cable that is not whole; {} guests run",
            self.len(),
            self.running()
        )
    }

    fn choose(&self, hosts: &Hosts) -> Result<Vec<Arc<Machine>>, String> {
        let count = match hosts {
            Hosts::All => return Ok(self.hosts.to_vec()),
            Hosts::Named(name) => {
                let found = self.hosts.iter().find(|host| host.name == *name);
                let found = found.ok_or_else(|| {
                    format!("there is no host {name}; there are h1 to h{}", self.len())
                })?;
                return Ok(vec![Arc::clone(found)]);
            }
            Hosts::Count(count) => *count,
            Hosts::Percent(percent) => (self.len() * percent / 100).max(1),
        };
        let mut chance = self.chance.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(self.hosts.sample(&mut *chance, count).cloned().collect())
    }

    fn act(&self, host: &Machine, deed: Deed) {
        match deed {
            Deed::Off => host.switch_off(),
            Deed::On => host.switch_on(),
            Deed::Cut => host.cable(Cable::Cut),
            Deed::Drop => host.cable(Cable::Refused),
            Deed::Slow(takes) => {
                let takes = u64::try_from(takes.as_millis()).unwrap_or(u64::MAX);
                host.pace((takes, takes));
            }
            Deed::Refuse(call) => {
                host.trouble(Trouble { refuse: [call].into(), ..Trouble::default() });
            }
            Deed::Heal => {
                host.switch_on();
                host.cable(Cable::Whole);
                host.pace(self.answer_ms);
                host.trouble(Trouble::default());
            }
        }
    }

    fn undo(&self, host: &Machine, deed: Deed) {
        match deed {
            Deed::Off => host.switch_on(),
            Deed::On => host.switch_off(),
            Deed::Cut | Deed::Drop => host.cable(Cable::Whole),
            Deed::Slow(_) => host.pace(self.answer_ms),
            Deed::Refuse(_) => host.trouble(Trouble::default()),
            Deed::Heal => {}
        }
    }
}
