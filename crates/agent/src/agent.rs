//! The agent as a whole: its resources, each with its own connection and journal.
//!
//! Not here: the process around it (`main.rs`): arguments, logs, signals.

use std::sync::Arc;

use futures_util::future::join_all;
use hostler_model::HostGuid;
use hostler_wire::{ReadyCommand, Refusal};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info_span};
use uuid::Uuid;

use crate::connection::{Connection, Dialer, TlsDialer, TlsError};
use crate::executor::Executor;
use crate::journal::{Journal, JournalError};
use crate::properties::Properties;
use crate::resource::Resource;

/// Why an agent ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// TLS files that cannot be used.
    #[error("the TLS files cannot be used")]
    Tls(#[from] TlsError),
    /// The command journal.
    #[error("commands would not run once only")]
    Journal(#[from] JournalError),
    /// The manager will never take it in.
    #[error("the manager refuses this agent for good ({reason:?}): {text}", reason = .0.reason, text = .0.text)]
    Refused(Refusal),
}

impl AgentError {
    /// Whether starting again without a change makes no sense (exit code 66).
    pub const fn is_configuration(&self) -> bool {
        matches!(self, Self::Tls(_) | Self::Refused(_))
    }
}

/// Called each time a manager takes the agent in.
pub type OnReady = Arc<dyn Fn(&ReadyCommand) + Send + Sync>;

/// Runs an agent until `shutdown` is cancelled. Guests are left alone.
///
/// The first resource has the guid of `properties`; each further one has a guid made from that one and its
/// place ([`resource_guid`]), a connection and a journal of its own.
///
/// # Errors
/// [`AgentError`] if it cannot begin, or when the manager has refused every resource for good.
pub async fn run(
    properties: Properties,
    resources: Vec<Arc<dyn Resource>>,
    shutdown: CancellationToken,
) -> Result<(), AgentError> {
    let dialer = TlsDialer::new(&properties)?;
    run_over(properties, resources, dialer, Arc::new(|_| {}), shutdown).await
}

/// Like [`run`], over connections that `dialer` opens; `on_ready` hears of every Ready.
///
/// # Errors
/// See [`run`].
pub async fn run_over<D: Dialer + Clone>(
    properties: Properties,
    resources: Vec<Arc<dyn Resource>>,
    dialer: D,
    on_ready: OnReady,
    shutdown: CancellationToken,
) -> Result<(), AgentError> {
    let mut journaled = Vec::new();
    for (place, resource) in resources.into_iter().enumerate() {
        let guid = resource_guid(properties.guid, place);
        let journal = Journal::open(&properties.state_dir.join(format!("journal-{guid}.jsonl")))?;
        journaled.push((resource, Arc::new(journal)));
    }
    run_with(properties, journaled, dialer, on_ready, shutdown).await
}

/// Like [`run_over`], with the journal of each resource at hand: it may be one that an earlier life has written to.
///
/// # Errors
/// See [`run`].
pub async fn run_with<D: Dialer + Clone>(
    properties: Properties,
    resources: Vec<(Arc<dyn Resource>, Arc<Journal>)>,
    dialer: D,
    on_ready: OnReady,
    shutdown: CancellationToken,
) -> Result<(), AgentError> {
    let properties = Arc::new(properties);
    let connections: Vec<_> = resources
        .into_iter()
        .enumerate()
        .map(|(place, (resource, journal))| Connection {
            properties: Arc::clone(&properties),
            guid: resource_guid(properties.guid, place),
            executor: Executor::new(Arc::clone(&resource), journal, properties.workers),
            resource,
            dialer: dialer.clone(),
            shutdown: shutdown.clone(),
        })
        .collect();
    let several = connections.len() > 1;
    let lives = connections.into_iter().map(|connection| {
        let span = if several {
            info_span!("resource", guid = %connection.guid)
        } else {
            tracing::Span::none()
        };
        let on_ready = Arc::clone(&on_ready);
        async move { connection.keep(&*on_ready).await }.instrument(span)
    });
    // One resource's refusal does not end the others; it stands in the log as an error.
    let (ended, refused): (Vec<_>, Vec<_>) =
        join_all(lives).await.into_iter().partition(Result::is_ok);
    match refused.into_iter().find_map(Result::err) {
        Some(refusal) if ended.is_empty() => Err(AgentError::Refused(refusal)),
        _ => Ok(()),
    }
}

/// The guid of the resource at `place` in `resource=`: the first has the machine's own.
pub fn resource_guid(machine: HostGuid, place: usize) -> HostGuid {
    if place == 0 {
        return machine;
    }
    HostGuid::new(Uuid::new_v5(&machine.uuid(), format!("resource-{place}").as_bytes()))
}
