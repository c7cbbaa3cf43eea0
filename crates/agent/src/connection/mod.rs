//! The connection to the manager: reaching it, speaking with it, and coming back when it is lost.
//!
//! Not here: what orders do (`executor`), and what outlives connections (`journal`).

mod backoff;
mod dial;
mod hearing;
mod outgoing;
mod session;
mod startup;
mod tls;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hostler_model::{HostGuid, error_chain};
use hostler_wire::{HostReport, ReadyCommand, Refusal};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

pub use dial::{DialError, Dialer, Link, TlsDialer};
pub use session::LinkError;
pub use tls::TlsError;

use crate::executor::Executor;
use crate::properties::Properties;
use crate::resource::Resource;
use backoff::Backoff;
use session::{Ending, Session};

/// A connection that held so long was of use: back-off starts over.
const WAS_OF_USE: Duration = Duration::from_secs(10);

/// So long a resource may take to say what it has, without a word in the log.
const RESOURCE_PATIENCE: Duration = Duration::from_secs(30);

/// One resource's life with the manager.
#[derive(Debug)]
pub(crate) struct Connection<D> {
    pub(crate) properties: Arc<Properties>,
    pub(crate) guid: HostGuid,
    pub(crate) resource: Arc<dyn Resource>,
    pub(crate) executor: Arc<Executor>,
    pub(crate) dialer: D,
    pub(crate) shutdown: CancellationToken,
}

impl<D: Dialer> Connection<D> {
    /// Connects, and connects again, until the agent is to end.
    ///
    /// # Errors
    /// [`Refusal`] if the manager will never take the agent in.
    pub(crate) async fn keep(
        self,
        on_ready: &(dyn Fn(&ReadyCommand) + Send + Sync),
    ) -> Result<(), Refusal> {
        let (tell, mut changes) = mpsc::unbounded_channel();
        self.resource.watch(tell);
        let mut backoff = Backoff::new(self.properties.backoff_max);
        let mut attempt = 0;
        loop {
            let taken_in = OnceLock::new();
            let note = |ready: &ReadyCommand| {
                let _ = taken_in.set(Instant::now());
                on_ready(ready);
            };
            let asked_for = match self.once(attempt, &mut changes, &note).await {
                Ok(Ending::AgentEnds) => break,
                Ok(Ending::Refused(refusal)) => {
                    error!(reason = ?refusal.reason, text = %refusal.text, versions = %refusal.versions,
                        "the manager does not take this agent in");
                    let Some(seconds) = refusal.retry_after_seconds else { return Err(refusal) };
                    Some(seconds)
                }
                Ok(Ending::Dismissed(shutdown)) => {
                    info!(reason = %shutdown.reason, "the manager says goodbye");
                    shutdown.reconnect_after_seconds
                }
                Err(why) => {
                    warn!(%why, "no connection to a manager");
                    None
                }
            };
            attempt += 1;
            if taken_in.get().is_some_and(|at| at.elapsed() >= WAS_OF_USE) {
                backoff.reset();
            }
            let dice = rand::random::<f64>();
            let wait = asked_for
                .map_or_else(|| backoff.next(dice), |seconds| backoff::asked_for(seconds, dice));
            info!(?wait, "connecting again after a while");
            if self.rest(wait, &mut changes).await {
                break;
            }
        }
        self.executor.wind_down(Duration::ZERO).await;
        Ok(())
    }

    /// One attempt, and the connection that came of it.
    async fn once(
        &self,
        attempt: usize,
        changes: &mut mpsc::UnboundedReceiver<HostReport>,
        on_ready: &(dyn Fn(&ReadyCommand) + Send + Sync),
    ) -> Result<Ending, String> {
        let connecting = async {
            let mut startup = self.startup().await?;
            let link = self.dialer.dial(attempt).await.map_err(|e| error_chain(&e))?;
            startup::complete(&mut startup, link.local);
            info!(manager = %link.peer, "connected");
            Ok::<_, String>((startup, link))
        };
        let (startup, link) = tokio::select! {
            connected = connecting => connected?,
            () = self.shutdown.cancelled() => return Ok(Ending::AgentEnds),
        };
        let session = Session {
            resource: &self.resource,
            executor: &self.executor,
            shutdown: &self.shutdown,
            on_ready,
        };
        session.run(link.stream, startup, changes).await.map_err(|e| error_chain(&e))
    }

    async fn startup(&self) -> Result<hostler_wire::StartupCommand, String> {
        let (properties, guid, resource) =
            (Arc::clone(&self.properties), self.guid, Arc::clone(&self.resource));
        let mut asking =
            self.resource.threads().run(move || startup::startup(&properties, guid, &*resource));
        let asked = if let Ok(asked) = timeout(RESOURCE_PATIENCE, &mut asking).await {
            asked
        } else {
            warn!("the resource is slow to say what it has; does libvirt answer?");
            asking.await
        };
        asked
            .map_err(|e| format!("the resource failed: {e}"))?
            .map_err(|why| format!("the resource is not ready: {why}"))
    }

    /// Waits; true: the agent is to end. What changes meanwhile is in the next Startup's full report.
    async fn rest(
        &self,
        wait: Duration,
        changes: &mut mpsc::UnboundedReceiver<HostReport>,
    ) -> bool {
        let forget = async {
            while changes.recv().await.is_some() {}
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = sleep(wait) => false,
            () = self.shutdown.cancelled() => true,
            () = forget => false,
        }
    }
}
