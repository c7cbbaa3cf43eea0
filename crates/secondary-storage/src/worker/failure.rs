//! What a manager is told when an order fails: what was tried, on what, why not, and what to do.

use std::error::Error;

use hostler_model::{TemplateId, error_chain};
use hostler_wire::{CommandFailure, FailureKind};

use crate::WorkerError;
use crate::checksum::NotAChecksum;
use crate::probe::ProbeError;
use crate::source::BadUrl;
use crate::transfer::TransferError;

/// Why a template was not downloaded.
#[derive(Debug, thiserror::Error)]
pub(super) enum DownloadError {
    #[error(transparent)]
    Url(#[from] BadUrl),
    #[error(transparent)]
    Checksum(#[from] NotAChecksum),
    #[error(transparent)]
    Storage(#[from] WorkerError),
    #[error(transparent)]
    Transfer(#[from] TransferError),
    #[error(transparent)]
    Local(#[from] super::local::LocalError),
    #[error(transparent)]
    Unpack(#[from] super::unpack::UnpackError),
    #[error("cannot make a client for downloads")]
    Client(#[source] reqwest::Error),
    #[error("will not take {url}: {source}")]
    Probe { url: String, source: ProbeError },
    #[error(
        "the {algorithm} of {url} is {found}, and {wanted} was given; \
         correct the checksum, or find out who changed the file"
    )]
    WrongChecksum { url: String, algorithm: &'static str, found: String, wanted: String },
    #[error(
        "it is here already with another {what}: {here}, and {wanted} was given; register it as a new template"
    )]
    Another { what: &'static str, here: String, wanted: String },
}

impl DownloadError {
    /// For the manager.
    pub(super) fn failure(self, template: TemplateId) -> CommandFailure {
        let kind = match &self {
            Self::Transfer(TransferError::NoSpace { .. }) => FailureKind::NoCapacity,
            Self::Transfer(TransferError::Cancelled { .. }) => FailureKind::Cancelled,
            Self::Another { .. } => FailureKind::Conflict,
            Self::Url(BadUrl::Scheme { .. }) => FailureKind::Unsupported,
            _ => FailureKind::Failed,
        };
        let text = format!("template {template}: {}", error_chain(&self));
        CommandFailure { kind, text }
    }
}

/// Why a template that a host has sent is not kept.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeepError {
    #[error("it is here already with another content; make a new one")]
    Another,
    #[error("no host has sent it, or it was deleted meanwhile; make a new one")]
    Nothing,
    #[error("its SHA-256 is {found}, and its host sent {wanted}; is the worker's disk at fault?")]
    WrongChecksum { found: String, wanted: String },
    #[error("will not take what its host has sent")]
    Probe(#[from] ProbeError),
    #[error(transparent)]
    Storage(#[from] WorkerError),
}

impl KeepError {
    /// For the manager.
    pub(super) fn failure(self, template: TemplateId) -> CommandFailure {
        let kind = match &self {
            Self::Another => FailureKind::Conflict,
            _ => FailureKind::Failed,
        };
        let text = format!("template {template}: {}", error_chain(&self));
        CommandFailure { kind, text }
    }
}

/// An order failed by the worker's own file system.
pub(super) fn storage(template: TemplateId, what: &str, error: &WorkerError) -> CommandFailure {
    failed(&format!("cannot {what} template {template}"), error)
}

/// The templates could not be listed.
pub(super) fn listing(error: &WorkerError) -> CommandFailure {
    failed("cannot list the templates", error)
}

fn failed(what: &str, error: &(dyn Error + 'static)) -> CommandFailure {
    CommandFailure { kind: FailureKind::Failed, text: format!("{what}: {}", error_chain(error)) }
}
