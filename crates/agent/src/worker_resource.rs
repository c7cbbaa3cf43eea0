//! The image worker as a resource of the agent: `resource=SecondaryStorageResource`.
//!
//! Not here: what an image worker does (`hostler-secondary-storage`).

use std::sync::Arc;

use hostler_model::error_chain;
use hostler_secondary_storage::{SecondaryStorage, TlsFiles, WorkerConfig, WorkerError};
use hostler_wire::{
    Answer, Command, CommandFailure, FailureKind, HostReport, Ping, ReadyCommand, ReportAnswer,
    StartupResource,
};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::properties::Properties;
use crate::resource::{Resource, Task};

/// An image worker.
#[derive(Debug)]
pub struct WorkerResource {
    storage: Arc<SecondaryStorage>,
    runtime: Handle,
}

impl WorkerResource {
    /// An image worker as `properties` describe it (`secondary.storage.*`). Blocks shortly.
    ///
    /// # Errors
    /// [`WorkerError`] where its directory or certificate cannot be used.
    pub fn new(properties: &Properties, runtime: Handle) -> Result<Self, WorkerError> {
        let config = WorkerConfig {
            root: properties.secondary_storage_path.clone().unwrap_or_default(),
            mounted: false,
            listen: properties.secondary_storage_listen,
            serve_address: properties.secondary_storage_served_at().unwrap_or_default(),
            public_listen: properties.secondary_storage_public_listen,
            public_url: properties.secondary_storage_public_url.clone(),
            tls: TlsFiles {
                ca: properties.tls.ca.clone(),
                certificate: properties.tls.certificate.clone(),
                key: properties.tls.key.clone(),
            },
            file_roots: None,
            allowed_networks: Vec::new(),
        };
        Ok(Self { storage: Arc::new(SecondaryStorage::new(config)?), runtime })
    }

    /// Serves templates to hosts until `shutdown`.
    ///
    /// # Errors
    /// [`WorkerError`] where it cannot listen.
    pub fn serve(
        &self,
        shutdown: CancellationToken,
    ) -> impl Future<Output = Result<(), WorkerError>> + Send + 'static {
        let storage = Arc::clone(&self.storage);
        async move { storage.serve(shutdown).await }
    }
}

impl Resource for WorkerResource {
    fn startup(&self) -> Result<StartupResource, String> {
        self.storage
            .stats()
            .map(StartupResource::SecondaryStorage)
            .map_err(|error| error_chain(&error))
    }

    fn ready(&self, _: &ReadyCommand) {}

    fn execute(&self, command: Command, task: &Task) -> Result<Answer, CommandFailure> {
        let command = match command {
            Command::Worker(command) => command,
            Command::Report(_) => {
                return Ok(Answer::Report(ReportAnswer { report: self.report() }));
            }
            other => {
                let text = format!("an image worker cannot carry out {}", other.name());
                return Err(CommandFailure { kind: FailureKind::Unsupported, text });
            }
        };
        let (order, progress) = (task.order, task.progress.clone());
        let work = self.storage.execute(
            command,
            move |news| progress.tell(order, news.done, news.total, news.rate),
            task.cancelled.clone(),
        );
        self.runtime.block_on(work)
    }

    fn report(&self) -> HostReport {
        HostReport { complete: true, ..HostReport::default() }
    }

    fn ping(&self) -> Ping {
        Ping::default()
    }

    /// An image worker has no VMs that could change.
    fn watch(&self, _: mpsc::UnboundedSender<HostReport>) {}
}
