//! News from libvirt: the event loop, and a connection that is kept only to hear events.
//!
//! An event is a hint to read again, never a fact: events come late, twice, or not at all.

use std::collections::HashMap;
use std::fmt;
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex, Once, OnceLock, PoisonError};
use std::time::Duration;

use tracing::{debug, error, info, warn};
use uuid::Uuid;
use virt::connect::Connect;
use virt::event;

use super::{calls, checked};
use crate::hypervisor::{Change, HypervisorError};

/// First and longest wait before libvirt is tried again.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));

type Tell = Box<dyn Fn(Change) + Send + Sync>;

/// Passes news on: to the one who watches, and to those who wait for a domain.
#[derive(Default)]
pub(super) struct Hub {
    tell: OnceLock<Tell>,
    waited_for: Mutex<HashMap<Uuid, Waited>>,
    changed: Condvar,
}

#[derive(Default)]
struct Waited {
    by: usize,
    news: u64,
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hub")
    }
}

impl Hub {
    /// Sets who is told of every change.
    pub(super) fn watch(&self, tell: Tell) {
        if self.tell.set(tell).is_err() {
            error!("changes of domains are watched twice; only the first hears them");
        }
    }

    fn pass_on(&self, change: Change) {
        let mut waited_for = self.lock();
        match change {
            Change::Domain(uuid) => {
                waited_for.entry(uuid).and_modify(|waited| waited.news += 1);
            }
            Change::Anything => waited_for.values_mut().for_each(|waited| waited.news += 1),
        }
        drop(waited_for);
        self.changed.notify_all();
        if let Some(tell) = self.tell.get() {
            tell(change);
        }
    }

    /// From now on no news of `uuid` is missed.
    pub(super) fn attend(&self, uuid: Uuid) -> Attention<'_> {
        self.lock().entry(uuid).or_default().by += 1;
        Attention { hub: self, uuid, seen: 0 }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Uuid, Waited>> {
        self.waited_for.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who waits for news of one domain.
pub(super) struct Attention<'a> {
    hub: &'a Hub,
    uuid: Uuid,
    seen: u64,
}

impl Attention<'_> {
    /// Waits for news since the last call, at most `limit`.
    pub(super) fn wait(&mut self, limit: Duration) {
        let seen = self.seen;
        let uuid = self.uuid;
        let news = |waited_for: &HashMap<Uuid, Waited>| waited_for.get(&uuid).map_or(0, |w| w.news);
        let guard = self.hub.lock();
        let (guard, _) = self
            .hub
            .changed
            .wait_timeout_while(guard, limit, |waited_for| news(waited_for) == seen)
            .unwrap_or_else(PoisonError::into_inner);
        self.seen = news(&guard);
    }
}

impl Drop for Attention<'_> {
    fn drop(&mut self) {
        let mut waited_for = self.hub.lock();
        if let Some(waited) = waited_for.get_mut(&self.uuid) {
            waited.by -= 1;
            if waited.by == 0 {
                waited_for.remove(&self.uuid);
            }
        }
    }
}

/// Starts libvirt's event loop, once in a process; it must be there before the first connection.
pub(super) fn run_loop() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        virt::error::clear_error_callback(); // or libvirt prints every error on stderr
        if let Err(error) = event::event_register_default_impl() {
            error!(%error, "libvirt's event loop cannot start; changes of domains will be seen late");
            return;
        }
        let run = || {
            // Without any timer the loop would not notice what other threads add to it.
            let _timer = event::event_add_timeout(1000, |_, _| {}, std::ptr::null_mut());
            loop {
                if let Err(error) = event::event_run_default_impl() {
                    warn!(%error, "libvirt's event loop stumbled");
                }
            }
        };
        if let Err(error) = std::thread::Builder::new().name("libvirt-events".to_owned()).spawn(run) {
            error!(%error, "libvirt's event loop cannot start");
        }
    });
}

/// Keeps a connection for events for ever, opening it again after libvirtd was restarted.
pub(super) fn listen(uri: String, hub: Arc<Hub>) {
    let run = move || {
        let mut wait = BACK_OFF.0;
        loop {
            match subscribe(&uri, &hub) {
                Ok(subscription) => {
                    wait = BACK_OFF.0;
                    hub.pass_on(Change::Anything);
                    let _ = subscription.ended.recv();
                    drop(subscription);
                    warn!(uri, "the connection to libvirt is gone; opening it again");
                    hub.pass_on(Change::Anything);
                }
                Err(error) => {
                    debug!(uri, %error, "libvirt cannot be reached");
                    // Nobody tells when libvirtd will be there again.
                    std::thread::park_timeout(wait);
                    wait = (wait * 2).min(BACK_OFF.1);
                }
            }
        }
    };
    if let Err(error) = std::thread::Builder::new().name("libvirt-listen".to_owned()).spawn(run) {
        error!(%error, "nobody listens to libvirt's events; changes of domains will be seen late");
    }
}

struct Subscription {
    _connect: Connect,
    ended: mpsc::Receiver<()>,
    _never: mpsc::Sender<()>, // some drivers never tell the end; then `ended` waits for ever
}

fn subscribe(uri: &str, hub: &Arc<Hub>) -> Result<Subscription, HypervisorError> {
    let connect = calls::open(uri)?;
    let (end, ended) = mpsc::channel();
    let never = end.clone();
    let on_close = checked::on_close(
        &connect,
        Box::new(move || {
            let _ = end.send(());
        }),
    );
    if let Err(error) = on_close {
        debug!(%error, "this driver does not tell the end of a connection");
    }
    let told = Arc::clone(hub);
    checked::on_lifecycle(&connect, Box::new(move |uuid| told.pass_on(Change::Domain(uuid))))
        .map_err(|error| calls::refused("subscribe to events", &error))?;
    let told = Arc::clone(hub);
    let removed = Box::new(move |uuid| told.pass_on(Change::Domain(uuid)));
    if let Err(error) = checked::on_device_removed(&connect, removed) {
        debug!(%error, "this driver does not tell when a device is gone");
    }
    let told = Arc::clone(hub);
    let ended_job = Box::new(move |uuid| told.pass_on(Change::Domain(uuid)));
    if let Err(error) = checked::on_job_completed(&connect, ended_job) {
        debug!(%error, "this driver does not tell when a job is done");
    }
    info!(uri, "connected to libvirt");
    Ok(Subscription { _connect: connect, ended, _never: never })
}
