//! Which connection speaks for a host.
//!
//! A newer connection takes over from an older one at once; what the older one still says changes nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hostler_model::{CommandId, HostGuid, HostId};
use hostler_wire::{Answer, CommandFailure, Outcome};
use tokio::sync::oneshot;

use super::link::{Changes, Link};

/// What became of one order.
type Ended = Result<Answer, CommandFailure>;
/// Those who wait for the end of an order, over whichever link its outcome comes.
type Awaited = HashMap<(HostId, CommandId), Vec<oneshot::Sender<Ended>>>;

/// Live connections, by host.
#[derive(Debug, Default)]
pub(super) struct Registry {
    links: Mutex<HashMap<HostId, Arc<Link>>>,
    turns: Mutex<HashMap<HostId, Arc<tokio::sync::Mutex<()>>>>,
    awaited: Mutex<Awaited>,
    /// Counts with the links.
    pub(super) changes: Changes,
}

/// What became of an [`Registry::attach`].
#[derive(Debug)]
pub(super) enum Attached {
    /// There was none before.
    New,
    /// It took over from an older one.
    Replaced(Arc<Link>),
    /// A newer one is there already.
    Outrun,
}

impl Registry {
    /// The turn of a host: whoever tells listeners about its coming and going holds it.
    pub(super) fn turn(&self, host: HostId) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(lock(&self.turns).entry(host).or_default())
    }

    /// Makes `link` the one that speaks for its host, unless a newer one does.
    pub(super) fn attach(&self, link: &Arc<Link>) -> Attached {
        let mut links = lock(&self.links);
        let attached = match links.get(&link.host) {
            Some(there) if there.connection > link.connection => Attached::Outrun,
            _ => match links.insert(link.host, Arc::clone(link)) {
                Some(old) => Attached::Replaced(old),
                None => Attached::New,
            },
        };
        self.changes.count();
        attached
    }

    /// Takes `link` out and says whether it was the one that spoke for its host.
    pub(super) fn detach(&self, link: &Arc<Link>) -> bool {
        let mut links = lock(&self.links);
        let is_it = links.get(&link.host).is_some_and(|there| Arc::ptr_eq(there, link));
        if is_it {
            links.remove(&link.host);
            self.changes.count();
        }
        is_it
    }

    /// The link that speaks for a host, whatever its state.
    pub(super) fn get(&self, host: HostId) -> Option<Arc<Link>> {
        lock(&self.links).get(&host).cloned()
    }

    /// The link over which orders can be sent to a host.
    pub(super) fn up(&self, host: HostId) -> Option<Arc<Link>> {
        self.get(host).filter(|link| link.is_up())
    }

    /// The link over which the machine `guid` is Up.
    pub(super) fn up_by_guid(&self, guid: HostGuid) -> Option<Arc<Link>> {
        lock(&self.links).values().find(|link| link.guid == guid && link.is_up()).cloned()
    }

    pub(super) fn all(&self) -> Vec<Arc<Link>> {
        lock(&self.links).values().cloned().collect()
    }

    /// Waits for the outcome of an order, over whichever link it comes.
    pub(super) fn await_outcome(&self, host: HostId, order: CommandId) -> oneshot::Receiver<Ended> {
        let (sender, receiver) = oneshot::channel();
        let mut awaited = lock(&self.awaited);
        let waiting = awaited.entry((host, order)).or_default();
        waiting.retain(|sender| !sender.is_closed());
        waiting.push(sender);
        receiver
    }

    /// Forgets those who no longer wait for `order`.
    pub(super) fn stop_waiting(&self, host: HostId, order: CommandId) {
        let mut awaited = lock(&self.awaited);
        if let Some(waiting) = awaited.get_mut(&(host, order)) {
            waiting.retain(|sender| !sender.is_closed());
            if waiting.is_empty() {
                awaited.remove(&(host, order));
            }
        }
    }

    /// Hands an outcome to all who wait for it and says whether anyone did.
    pub(super) fn outcome(&self, host: HostId, outcome: &Outcome) -> bool {
        let waiting = lock(&self.awaited).remove(&(host, outcome.id)).unwrap_or_default();
        let mut heard = false;
        for sender in waiting {
            heard |= sender.send(outcome.result.clone()).is_ok();
        }
        heard
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
