//! The agents: their port, their connections, and how orders reach them.
//!
//! A connection is TLS with a certificate of our authority, then Startup, then Ready or Refused
//! ([`session`], [`connect`]). The [`registry`] knows which connection speaks for a host. [`Agents`] is what
//! the rest of the manager uses.
//!
//! Not here: what orders say and when they are sent (`orchestration`), what reports mean (`monitors`).

mod connect;
mod host_listener;
mod lacking_volumes;
mod last_reports;
mod link;
mod listener;
mod registry;
mod session;
mod settings;
mod settle;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hostler_model::{CloudId, CommandId, HostGuid, HostId, HostStatus, Timestamp};
use hostler_store::{Store, StoreError, host};
use hostler_wire::{
    Call, CommandFailure, Flags, Order, Outcome, Progress, RefusalReason, UnexpectedAnswer,
};
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

pub use host_listener::HostListener;
pub use lacking_volumes::LackingVolumes;
pub use last_reports::{Heard, LastReports};
pub use session::Stream;
pub use settings::AgentSettings;

use crate::ca::{Authority, CaError, PeerCertificate};
use crate::metrics::{AgentMetrics, Counted};
use host_listener::HostListeners;
use link::EndCause;
use registry::Registry;

/// News that nobody has taken yet, per receiver.
const NEWS: usize = 1024;

/// Why an order has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The host is not Up; nothing was sent.
    #[error("the agent of host {host} is unavailable")]
    NotConnected {
        /// The host.
        host: HostId,
    },
    /// The agent says why it did not carry the order out.
    #[error(transparent)]
    Refused(CommandFailure),
    /// The link broke before the answer; whether the order was carried out is not known.
    #[error("the link to host {host} broke before its answer came; the outcome is not known")]
    Lost {
        /// The host.
        host: HostId,
    },
    /// No answer came in time; whether the order was or will be carried out is not known.
    #[error("host {host} did not answer within {waited:?}; the outcome is not known")]
    TimedOut {
        /// The host.
        host: HostId,
        /// How long was waited.
        waited: Duration,
    },
    /// The answer is one to another command.
    #[error(transparent)]
    Unexpected(#[from] UnexpectedAnswer),
    /// The answers are not those to the orders that were sent.
    #[error("host {host} answered other orders than it was sent")]
    WrongOrders {
        /// The host.
        host: HostId,
    },
    /// The request does not fit into a frame; nothing was sent.
    #[error("the request to host {host} is too long: {text}")]
    TooLong {
        /// The host.
        host: HostId,
        /// How long it is.
        text: String,
    },
}

/// What has happened to a host's connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostNews {
    /// Its agent said Startup.
    Connecting {
        /// The machine.
        guid: HostGuid,
    },
    /// Orders can be sent.
    Up {
        /// The host.
        host: HostId,
        /// The machine.
        guid: HostGuid,
    },
    /// Its connection is over.
    Down {
        /// The host.
        host: HostId,
        /// The machine.
        guid: HostGuid,
        /// Why.
        reason: String,
    },
    /// Its agent was told why it may not come in.
    Refused {
        /// The machine.
        guid: HostGuid,
        /// Why, for a program.
        reason: RefusalReason,
        /// Why, for a person.
        text: String,
    },
}

/// What the agents' side is made of.
#[derive(Debug)]
pub struct AgentsParts {
    /// The database.
    pub store: Store,
    /// Who signs agents' certificates.
    pub authority: Arc<Authority>,
    /// This manager's number.
    pub manager: u64,
    /// This cloud.
    pub cloud: CloudId,
    /// Times and bounds.
    pub settings: AgentSettings,
    /// What is counted.
    pub metrics: AgentMetrics,
}

#[derive(Debug)]
struct Shared {
    store: Store,
    authority: Arc<Authority>,
    manager: u64,
    cloud: CloudId,
    settings: AgentSettings,
    metrics: AgentMetrics,
    registry: Registry,
    listeners: HostListeners,
    news: broadcast::Sender<HostNews>,
    progress: broadcast::Sender<(HostId, Progress)>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// The connected agents. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Agents {
    shared: Arc<Shared>,
}

impl Agents {
    /// Nobody is connected yet; see [`serve`](Self::serve).
    pub fn new(parts: AgentsParts) -> Self {
        let AgentsParts { store, authority, manager, cloud, settings, metrics } = parts;
        Self {
            shared: Arc::new(Shared {
                store,
                authority,
                manager,
                cloud,
                settings,
                metrics,
                registry: Registry::default(),
                listeners: HostListeners::default(),
                news: broadcast::Sender::new(NEWS),
                progress: broadcast::Sender::new(NEWS),
                stop: CancellationToken::new(),
                tasks: TaskTracker::new(),
            }),
        }
    }

    /// Adds a listener behind those that are there. Do it before [`serve`](Self::serve).
    pub fn add_listener(&self, listener: Arc<dyn HostListener>) {
        self.shared.listeners.add(listener);
    }

    /// Takes agents in on `port` until [`stop`](Self::stop). Returns at once.
    ///
    /// # Errors
    /// [`ServeError`] if TLS cannot be set up, or see [`open`](Self::open).
    pub async fn serve(&self, port: TcpListener) -> Result<(), ServeError> {
        let tls = self.shared.authority.server_config()?;
        self.open().await?;
        let shared = Arc::clone(&self.shared);
        self.shared.tasks.spawn(listener::accept(shared, port, tls));
        Ok(())
    }

    /// Takes in the agent at the other end of `stream`, whose certificate somebody else has verified. Returns at once.
    ///
    /// For links that do not come through a port; [`open`](Self::open) comes first.
    pub fn take_in(&self, stream: impl Stream + 'static, peer: SocketAddr, who: PeerCertificate) {
        let session = session::run(Arc::clone(&self.shared), Box::new(stream), peer, who);
        self.shared.tasks.spawn(session);
    }

    /// Records that hosts that were connected to this manager before are Disconnected.
    ///
    /// # Errors
    /// [`StoreError`] if that cannot be recorded.
    pub async fn open(&self) -> Result<(), StoreError> {
        let manager = self.shared.manager;
        let lost = self
            .shared
            .store
            .write(move |tx| {
                host::host_manager_lost(tx, manager, "the manager was restarted", now())
            })
            .await?;
        if lost > 0 {
            tracing::info!(hosts = lost, "waiting for the agents that were connected before");
        }
        Ok(())
    }

    /// Whether agents can connect.
    pub fn is_serving(&self) -> bool {
        !self.shared.stop.is_cancelled() && !self.shared.tasks.is_empty()
    }

    /// Tells every agent that the manager ends, and waits for the connections to end.
    pub async fn stop(&self) {
        self.shared.stop.cancel();
        for link in self.shared.registry.all() {
            link.close(EndCause::Manager("the manager is shutting down".to_owned()));
        }
        self.shared.tasks.close();
        let _ = timeout(self.shared.settings.write_wait, self.shared.tasks.wait()).await;
    }

    /// Sends an order and waits for its answer.
    ///
    /// # Errors
    /// [`CallError`]; after `Lost` and `TimedOut` the outcome is not known, see [`settle`](Self::settle).
    pub async fn call<C: Call>(
        &self,
        host: HostId,
        id: CommandId,
        command: C,
        wait: Duration,
    ) -> Result<C::Answer, CallError> {
        let outcome = self.order(host, order(id, command.into(), wait), wait).await?;
        Ok(C::Answer::try_from(outcome.result.map_err(CallError::Refused)?)?)
    }

    /// As [`call`](Self::call), for a question of somebody who waits: a host that has said Startup and is
    /// not Up yet, as all are in a manager's first seconds, is waited for first.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn ask<C: Call>(
        &self,
        host: HostId,
        question: C,
        wait: Duration,
    ) -> Result<C::Answer, CallError> {
        if let Some(link) = self.shared.registry.get(host) {
            let settled = async {
                tokio::select! {
                    () = self.watch(host) => {}
                    () = link.ended() => {}
                }
            };
            // whatever comes of it, the call says what is the matter
            let _ = timeout(wait, settled).await;
        }
        self.call(host, CommandId::new(Uuid::now_v7()), question, wait).await
    }

    async fn order(
        &self,
        host: HostId,
        order: Order,
        wait: Duration,
    ) -> Result<Outcome, CallError> {
        let mut outcomes = self.call_batch(host, vec![order], false, wait).await?;
        outcomes.pop().ok_or(CallError::WrongOrders { host })
    }

    /// Sends several orders as one request and waits for all outcomes, in the order of the orders.
    ///
    /// # Errors
    /// [`CallError`]; what became of each order is in its own outcome.
    pub async fn call_batch(
        &self,
        host: HostId,
        orders: Vec<Order>,
        stop_on_error: bool,
        wait: Duration,
    ) -> Result<Vec<Outcome>, CallError> {
        let link = self.shared.registry.up(host).ok_or(CallError::NotConnected { host })?;
        let ids: Vec<CommandId> = orders.iter().map(|order| order.id).collect();
        let flags = if stop_on_error { Flags::STOP_ON_ERROR } else { Flags::default() };
        let counted = Counted::new(self.shared.metrics.open_orders.clone());
        let ask = async { link.request(orders, flags, counted).await?.answer().await };
        let mut outcomes =
            timeout(wait, ask).await.map_err(|_| CallError::TimedOut { host, waited: wait })??;
        outcomes.sort_by_key(|outcome| ids.iter().position(|id| *id == outcome.id));
        Ok(outcomes)
    }

    /// Calls orders off that have had no effect yet. Their outcomes come as usual.
    ///
    /// # Errors
    /// [`CallError::NotConnected`].
    pub fn cancel(&self, host: HostId, orders: Vec<CommandId>) -> Result<(), CallError> {
        let link = self.shared.registry.up(host).ok_or(CallError::NotConnected { host })?;
        link.outbox
            .tell(host, hostler_wire::Message::Cancel(orders))
            .map_err(|_| CallError::NotConnected { host })
    }

    /// Whether orders can be sent to `host` now.
    pub fn is_connected(&self, host: HostId) -> bool {
        self.shared.registry.up(host).is_some()
    }

    /// A number that is another one whenever [`is_connected`](Self::is_connected) may say something else of any host.
    pub fn changes(&self) -> u64 {
        self.shared.registry.changes.get()
    }

    /// Resolves when orders can be sent to `host`: at once if it is Up.
    pub async fn watch(&self, host: HostId) {
        loop {
            let mut news = self.subscribe();
            if self.is_connected(host) {
                return;
            }
            loop {
                match news.recv().await {
                    Ok(HostNews::Up { host: up, .. }) if up == host => break,
                    Ok(_) => {}
                    // Something was missed: look again.
                    Err(_) => break,
                }
            }
        }
    }

    /// Hosts' comings and goings from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<HostNews> {
        self.shared.news.subscribe()
    }

    /// How far long commands are, from now on.
    pub fn progress(&self) -> broadcast::Receiver<(HostId, Progress)> {
        self.shared.progress.subscribe()
    }

    /// The host of the machine `guid`, if it is Up.
    pub fn up_by_guid(&self, guid: HostGuid) -> Option<HostId> {
        self.shared.registry.up_by_guid(guid).map(|link| link.host)
    }

    /// Closes the link to a host, if there is one. Its agent connects again.
    pub fn disconnect(&self, host: HostId, reason: &str) {
        if let Some(link) = self.shared.registry.get(host) {
            link.close(EndCause::Manager(reason.to_owned()));
        }
    }

    /// Ends what there is between the manager and a host that was just removed from the record.
    pub async fn removed(&self, host: HostId, reason: &str) {
        self.disconnect(host, reason);
        self.shared.listeners.removed(host, self.shared.settings.listener_wait).await;
    }

    /// The state of a host's connection as the record has it, with why, for a machine that may be unknown.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn status_of(
        &self,
        guid: HostGuid,
    ) -> Result<Option<(HostStatus, String)>, StoreError> {
        let found = self.shared.store.read(move |tx| host::host_by_guid(tx, guid)).await?;
        Ok(found.map(|row| (row.status, row.status_reason)))
    }
}

/// Why the agents' port cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] CaError),
    /// The record cannot be brought up to date.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn order(id: CommandId, command: hostler_wire::Command, wait: Duration) -> Order {
    let wait_seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
    Order { id, wait_seconds, command }
}

fn now() -> Timestamp {
    SystemTime::now().into()
}

fn now_ms() -> u64 {
    u64::try_from(now().0).unwrap_or_default()
}
