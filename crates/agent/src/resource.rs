//! What an agent speaks for: a host that runs VMs, or an image worker.
//!
//! Not here: the connection, the journal and the turns of commands (they are the same for every resource).

use std::fmt::Debug;
use std::sync::Arc;

use hostler_model::{Bytes, CommandId};
use hostler_wire::{
    Answer, Command, CommandFailure, HostReport, Ping, Progress, ReadyCommand, StartupResource,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::threads::Threads;

/// A resource. Every call blocks and is made from a pool of blocking threads, except where it says otherwise.
pub trait Resource: Debug + Send + Sync + 'static {
    /// The machine's name in place of the one that the system says: for simulated hosts.
    fn name(&self) -> Option<String> {
        None
    }

    /// What the Startup of a new connection says of it.
    ///
    /// # Errors
    /// A text for a person; the agent tries again later and says so in its log.
    fn startup(&self) -> Result<StartupResource, String>;

    /// The manager took the agent in: from now on commands of this cloud may come. Cheap; does not block.
    fn ready(&self, ready: &ReadyCommand);

    /// Carries out one command.
    ///
    /// # Errors
    /// [`CommandFailure`] as it will be sent to the manager.
    fn execute(&self, command: Command, task: &Task) -> Result<Answer, CommandFailure>;

    /// Everything about its VMs, newly read.
    fn report(&self) -> HostReport;

    /// The next sign of life, with statistics.
    fn ping(&self) -> Ping;

    /// Where the resource sends changes of its VMs, for as long as it lives. Called once in each life of an
    /// agent; does not block.
    fn watch(&self, changes: mpsc::UnboundedSender<HostReport>);

    /// Who makes the calls that block.
    fn threads(&self) -> Threads {
        Threads::Own
    }
}

/// One command being carried out, as its resource sees it.
#[derive(Debug, Clone)]
pub struct Task {
    /// The order's id.
    pub order: CommandId,
    /// Set when the manager called the order off.
    pub cancelled: CancellationToken,
    /// Where progress is told.
    pub progress: ProgressSink,
}

/// Takes news of how far a long command is. Cloning it is cheap; telling it never blocks.
#[derive(Clone)]
pub struct ProgressSink(Arc<dyn Fn(Progress) + Send + Sync>);

impl ProgressSink {
    /// A sink that hands every piece of news to `tell`.
    pub fn new(tell: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    /// Tells how far `command` is.
    pub fn tell(&self, command: CommandId, done: Bytes, total: Option<Bytes>, rate: Bytes) {
        (self.0)(Progress { command, done, total, rate });
    }
}

impl Debug for ProgressSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ProgressSink")
    }
}
