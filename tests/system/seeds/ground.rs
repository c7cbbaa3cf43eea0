//! What is really so, whatever anybody believes: seen at the hypervisors themselves, at every moment.
//!
//! Not here: what the record says, and whether it may (`checks`).

use std::collections::{BTreeMap, BTreeSet};
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hostler_agent::hypervisor::{DomainView, FakeHypervisor, Witness};
use hostler_model::{PowerReason, PowerState, RunId, VmId};
use hostler_tests::books::Books;
use uuid::Uuid;

use crate::trace::Trace;

/// What is really so on all hosts. Cloning it shares it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ground(Arc<Mutex<Facts>>);

#[derive(Debug, Default)]
struct Facts {
    hypervisors: Vec<Arc<FakeHypervisor>>,
    books: Option<Arc<Books>>,
    /// The runs that have ever run, and on which host.
    ran: BTreeSet<(usize, RunId)>,
    /// Domains that a person has started.
    by_hand: BTreeSet<(usize, Uuid)>,
    /// Domains that are not this cloud's, as their owners left them.
    aliens: BTreeMap<(usize, Uuid), DomainView>,
    broken: Vec<String>,
    /// Whether a domain has begun to run since somebody asked.
    stirred: bool,
}

impl Ground {
    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a host; its number.
    pub(crate) fn add(&self, hypervisor: Arc<FakeHypervisor>) -> usize {
        let mut facts = self.facts();
        facts.hypervisors.push(hypervisor);
        facts.hypervisors.len() - 1
    }

    /// From now on starts are held against this record.
    pub(crate) fn hold_against(&self, books: Arc<Books>) {
        self.facts().books = Some(books);
    }

    /// A promise that was broken.
    pub(crate) fn broken(&self, what: String) {
        self.facts().broken.push(what);
    }

    /// The promises that were broken so far.
    pub(crate) fn all_broken(&self) -> Vec<String> {
        self.facts().broken.clone()
    }

    /// The domains of this cloud's VMs that run, each with its host; by hand or not.
    pub(crate) fn running(&self) -> Vec<(usize, DomainView)> {
        let hypervisors = self.facts().hypervisors.clone();
        let all = hypervisors.iter().enumerate();
        let views = all.flat_map(|(host, it)| it.domains().into_iter().map(move |d| (host, d)));
        views.filter(|(_, d)| d.power == PowerState::On && d.mark.is_some()).collect()
    }

    /// Whether a domain has begun to run since this was asked last.
    pub(crate) fn has_stirred(&self) -> bool {
        std::mem::take(&mut self.facts().stirred)
    }

    /// Whether a run has ever run on a host.
    pub(crate) fn has_run(&self, host: usize, run: RunId) -> bool {
        self.facts().ran.contains(&(host, run))
    }

    /// Whether it was a person who started the domain that runs there.
    pub(crate) fn is_by_hand(&self, host: usize, vm: VmId) -> bool {
        self.facts().by_hand.contains(&(host, vm.uuid()))
    }

    /// A person is about to start a domain.
    pub(crate) fn will_be_by_hand(&self, host: usize, domain: Uuid) {
        self.facts().by_hand.insert((host, domain));
    }

    /// Domains that a person has started and that run.
    pub(crate) fn by_hand(&self) -> Vec<(usize, Uuid)> {
        if self.facts().by_hand.is_empty() {
            return Vec::new();
        }
        let running = self.running();
        let mut facts = self.facts();
        facts.by_hand.retain(|(host, uuid)| {
            running.iter().any(|(on, domain)| on == host && domain.uuid == *uuid)
        });
        facts.by_hand.iter().copied().collect()
    }

    /// An alien is as its owner wants it now; nothing: gone.
    pub(crate) fn alien(&self, host: usize, uuid: Uuid, view: Option<DomainView>) {
        let mut facts = self.facts();
        match view {
            Some(view) => drop(facts.aliens.insert((host, uuid), view)),
            None => drop(facts.aliens.remove(&(host, uuid))),
        }
    }

    /// A host's power has failed: its aliens are off, too.
    pub(crate) fn power_failed(&self, host: usize) {
        let mut facts = self.facts();
        for ((_, _), view) in facts.aliens.iter_mut().filter(|((on, _), _)| *on == host) {
            (view.power, view.reason) = (PowerState::Off, PowerReason::Other);
        }
    }

    /// The aliens of a host.
    pub(crate) fn aliens(&self, host: usize) -> Vec<DomainView> {
        let facts = self.facts();
        facts.aliens.iter().filter(|((on, _), _)| *on == host).map(|(_, v)| v.clone()).collect()
    }

    /// Aliens that are not as their owners left them.
    pub(crate) fn changed_aliens(&self) -> Vec<String> {
        let facts = self.facts();
        let changed = facts.aliens.iter().filter(|((host, uuid), view)| {
            let there = facts.hypervisors[*host].domains();
            there.iter().find(|domain| domain.uuid == *uuid) != Some(*view)
        });
        changed.map(|((host, _), view)| format!("h{} {}", host + 1, view.name)).collect()
    }

    fn look_at_start(&self, host: usize, domain: &DomainView) {
        let copies: Vec<String> = self
            .running()
            .iter()
            .filter(|(_, other)| other.uuid == domain.uuid)
            .map(|(host, _)| format!("h{}", host + 1))
            .collect();
        if copies.len() > 1 {
            self.broken(format!("{} runs on {} at once", domain.name, copies.join(" and ")));
        }
        let Some(mark) = &domain.mark else { return };
        self.facts().stirred = true;
        self.facts().ran.insert((host, mark.run));
        if self.is_by_hand(host, mark.vm) {
            return;
        }
        let Some(books) = self.facts().books.clone() else { return };
        let sql = format!("SELECT state FROM vm_run WHERE id = '{}'", mark.run);
        match books.value(&sql) {
            Ok(Some(state)) if state == "Starting" || state == "Claimed" => {}
            Ok(state) => self.broken(format!(
                "h{} starts {}, whose run is {state:?} by the record",
                host + 1,
                domain.name
            )),
            Err(error) => self.broken(format!("the record cannot be read: {error:#}")),
        }
    }
}

/// Sees what happens on one host, and ends its agent in the middle of it when that is due.
#[derive(Debug)]
pub(crate) struct Eyes {
    pub(crate) host: usize,
    pub(crate) ground: Ground,
    pub(crate) trace: Trace,
    /// How many calls its agent still makes before it dies; 0: it lives on.
    pub(crate) doom: Arc<AtomicU32>,
    /// Whether it is dead.
    pub(crate) dead: Arc<AtomicBool>,
}

impl Witness for Eyes {
    fn calls(&self, call: &'static str, domain: &str) {
        let host = self.host + 1;
        if self.dead.load(Ordering::Relaxed) {
            resume_unwind(Box::new("the agent is dead"));
        }
        let left = self.doom.load(Ordering::Relaxed);
        self.doom.store(left.saturating_sub(1), Ordering::Relaxed);
        if left == 1 {
            self.dead.store(true, Ordering::Relaxed);
            self.trace.tell(format!("h{host} dies before it calls {call} {domain}"));
            resume_unwind(Box::new("the agent dies"));
        }
        self.trace.tell(format!("h{host} {call} {domain}"));
        let aliens = self.ground.aliens(self.host);
        if aliens.iter().any(|alien| alien.name == domain) {
            self.ground.broken(format!("h{host} calls {call} on the alien {domain}"));
        }
    }

    fn runs(&self, domain: &DomainView) {
        if domain.reason == PowerReason::Paused {
            return;
        }
        self.trace.tell(format!("h{} {} runs", self.host + 1, domain.name));
        self.ground.look_at_start(self.host, domain);
    }
}
