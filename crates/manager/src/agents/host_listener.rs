//! Those who want to know what happens to hosts, called in the order of their registration.
//!
//! A listener that hangs or panics costs its time limit and a line in the log, never a connection task.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use hostler_model::HostId;
use hostler_store::host::HostRow;
use hostler_wire::{HostReport, Ping, StartupCommand};
use tokio::time::timeout;

/// Someone who wants to know what happens to hosts. Each call has a time limit.
#[async_trait]
pub trait HostListener: Send + Sync {
    /// Its name, for logs and refusals.
    fn name(&self) -> &'static str;

    /// Whether a host is refused when [`connect`](Self::connect) fails.
    fn required(&self) -> bool {
        false
    }

    /// An agent said Startup and is in the record; Ready comes after every listener. No order can be sent yet.
    ///
    /// # Errors
    /// A text for a person; see [`required`](Self::required).
    async fn connect(&self, _host: &HostRow, _startup: &StartupCommand) -> Result<(), String> {
        Ok(())
    }

    /// The host is Up; orders can be sent.
    async fn ready(&self, _host: &HostRow) {}

    /// The connection of which [`connect`](Self::connect) told is over. Nothing is known about the host's VMs.
    async fn disconnect(&self, _host: HostId, _why: &str) {}

    /// A sign of life.
    async fn ping(&self, _host: HostId, _ping: &Ping) {}

    /// News of the host's VMs.
    async fn report(&self, _host: HostId, _report: &HostReport) {}

    /// The host was removed from the cloud.
    async fn removed(&self, _host: HostId) {}
}

/// The listeners, in their order.
#[derive(Default)]
pub(super) struct HostListeners(RwLock<Vec<Arc<dyn HostListener>>>);

impl std::fmt::Debug for HostListeners {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.all().iter().map(|l| l.name())).finish()
    }
}

impl HostListeners {
    pub(super) fn add(&self, listener: Arc<dyn HostListener>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).push(listener);
    }

    fn all(&self) -> Vec<Arc<dyn HostListener>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells everyone of a connecting host.
    ///
    /// # Errors
    /// The name of the first required listener that failed, with what it said.
    pub(super) async fn connect(
        &self,
        host: &HostRow,
        startup: &StartupCommand,
        limit: Duration,
    ) -> Result<(), String> {
        for listener in self.all() {
            let name = listener.name();
            let result = match bounded(name, limit, listener.connect(host, startup)).await {
                Some(result) => result,
                None => Err("it did not end".to_owned()),
            };
            match result {
                Ok(()) => {}
                Err(why) if listener.required() => return Err(format!("{name}: {why}")),
                Err(why) => {
                    tracing::warn!(host = %host.id, listener = name, why, "a listener failed; the host comes in without it");
                }
            }
        }
        Ok(())
    }

    pub(super) async fn ready(&self, host: &HostRow, limit: Duration) {
        for listener in self.all() {
            bounded(listener.name(), limit, listener.ready(host)).await;
        }
    }

    pub(super) async fn disconnect(&self, host: HostId, why: &str, limit: Duration) {
        for listener in self.all() {
            bounded(listener.name(), limit, listener.disconnect(host, why)).await;
        }
    }

    pub(super) async fn ping(&self, host: HostId, ping: &Ping, limit: Duration) {
        for listener in self.all() {
            bounded(listener.name(), limit, listener.ping(host, ping)).await;
        }
    }

    pub(super) async fn report(&self, host: HostId, report: &HostReport, limit: Duration) {
        for listener in self.all() {
            bounded(listener.name(), limit, listener.report(host, report)).await;
        }
    }

    pub(super) async fn removed(&self, host: HostId, limit: Duration) {
        for listener in self.all() {
            bounded(listener.name(), limit, listener.removed(host)).await;
        }
    }
}

/// Nothing if it took too long or panicked.
async fn bounded<T>(
    name: &'static str,
    limit: Duration,
    work: impl Future<Output = T>,
) -> Option<T> {
    match timeout(limit, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(result)) => Some(result),
        Ok(Err(_)) => {
            tracing::error!(listener = name, "a listener panicked");
            None
        }
        Err(_) => {
            tracing::warn!(listener = name, ?limit, "a listener took too long and was left");
            None
        }
    }
}
