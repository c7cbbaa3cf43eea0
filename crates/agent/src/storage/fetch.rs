//! Brings a template from an image worker to a file of this host, and sends one there.
//!
//! Not here: the transfer itself (`hostler-secondary-storage`).

use std::error::Error;
use std::fmt::Debug;
use std::path::Path;

use hostler_model::TemplateId;
use hostler_secondary_storage::send::{Parcel, Sent};
use hostler_secondary_storage::{TlsFiles, Transferred};
use hostler_wire::TemplateSource;
use tokio::runtime::Handle;

use crate::resource::Task;

/// Why a template could not be brought or sent.
#[derive(Debug, thiserror::Error)]
pub enum FetchFailure {
    /// Called off.
    #[error("it was called off")]
    Cancelled,
    /// No room for it.
    #[error("there is no room for it")]
    NoSpace(#[source] Box<dyn Error + Send + Sync>),
    /// Anything else.
    #[error("{0}")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

/// Brings templates, and sends them. Blocking.
pub trait TemplateFetcher: Debug + Send + Sync + 'static {
    /// Leaves the template, complete and checked, at `to`.
    ///
    /// # Errors
    /// [`FetchFailure`]; then there is nothing at `to`.
    fn fetch(
        &self,
        template: TemplateId,
        source: &TemplateSource,
        to: &Path,
        task: &Task,
    ) -> Result<(), FetchFailure>;

    /// Sends a file to the image worker that expects it.
    ///
    /// # Errors
    /// [`FetchFailure`]; the file stays as it is.
    fn send(&self, parcel: Parcel<'_>, task: &Task) -> Result<Sent, FetchFailure>;
}

/// Fetches from image workers over mutual TLS.
#[derive(Debug)]
pub struct WorkerFetcher {
    tls: TlsFiles,
    runtime: Handle,
}

impl WorkerFetcher {
    /// Proves this host's identity by `tls`.
    pub fn new(tls: TlsFiles, runtime: Handle) -> Self {
        Self { tls, runtime }
    }
}

impl TemplateFetcher for WorkerFetcher {
    fn fetch(
        &self,
        template: TemplateId,
        source: &TemplateSource,
        to: &Path,
        task: &Task,
    ) -> Result<(), FetchFailure> {
        let order = task.order;
        let sink = task.progress.clone();
        let fetch = hostler_secondary_storage::fetch::fetch(
            source,
            template,
            to,
            &self.tls,
            move |so_far| sink.tell(order, so_far.done, so_far.total, so_far.rate),
            &task.cancelled,
        );
        self.runtime.block_on(fetch).map_err(|error| {
            if error.is_cancelled() {
                FetchFailure::Cancelled
            } else if error.is_no_space() {
                FetchFailure::NoSpace(Box::new(error))
            } else {
                FetchFailure::Failed(Box::new(error))
            }
        })
    }

    fn send(&self, parcel: Parcel<'_>, task: &Task) -> Result<Sent, FetchFailure> {
        let (order, sink) = (task.order, task.progress.clone());
        let tell = move |so_far: Transferred| {
            sink.tell(order, so_far.done, so_far.total, so_far.rate);
        };
        let send = hostler_secondary_storage::send::send(parcel, &self.tls, tell, &task.cancelled);
        self.runtime.block_on(send).map_err(|error| {
            if error.is_cancelled() {
                FetchFailure::Cancelled
            } else {
                FetchFailure::Failed(Box::new(error))
            }
        })
    }
}
