//! How a host gets a template from an image worker.
//!
//! Not here: where the file goes on the host and who waits for it (the agent's storage pools).

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use hostler_model::TemplateId;
use hostler_wire::TemplateSource;
use reqwest::Url;
use tokio_util::sync::CancellationToken;

use crate::peer::{self, PeerError};
use crate::progress::Meter;
use crate::sink::{Digests, Sink};
use crate::transfer::{Patience, Redirects, Transfer};
use crate::{TlsFiles, TransferError, Transferred, WorkerError, serve};

/// Why a template could not be fetched. `to` is then as it was before; what has arrived lies beside it, and the
/// next call goes on with it.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// What the manager said of the source makes no sense.
    #[error("cannot fetch template {template}: its source has {what} {value:?}, which is none")]
    BadSource {
        /// The template.
        template: TemplateId,
        /// Which part of it.
        what: &'static str,
        /// What it says.
        value: String,
    },
    /// The worker's address cannot be looked up.
    #[error(
        "cannot find image worker {address} of template {template}; check `secondary.storage.address` there"
    )]
    NoAddress {
        /// The template.
        template: TemplateId,
        /// Address and port of the worker.
        address: String,
        /// Why not.
        source: io::Error,
    },
    /// This host cannot prove who it is.
    #[error("cannot fetch template {template}")]
    Tls {
        /// The template.
        template: TemplateId,
        /// Why not.
        source: WorkerError,
    },
    /// No client could be made.
    #[error("cannot fetch template {template}")]
    Client {
        /// The template.
        template: TemplateId,
        /// Why not.
        source: reqwest::Error,
    },
    /// It could not be brought.
    #[error("cannot fetch template {template} from the image worker at {address}")]
    Transfer {
        /// The template.
        template: TemplateId,
        /// Address and port of the worker.
        address: String,
        /// Why not.
        source: TransferError,
    },
    /// It came, and is another file.
    #[error(
        "template {template} from the image worker at {address} has SHA-256 {found} where {wanted} is right; \
         its file was damaged there: delete the template and register it anew"
    )]
    WrongChecksum {
        /// The template.
        template: TemplateId,
        /// Address and port of the worker.
        address: String,
        /// What came.
        found: String,
        /// What is right.
        wanted: String,
    },
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
}

impl FetchError {
    /// Whether it was called off, and nothing is wrong.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Transfer { source: TransferError::Cancelled { .. }, .. })
    }

    /// Whether the host has no room for it.
    pub fn is_no_space(&self) -> bool {
        matches!(self, Self::Transfer { source: TransferError::NoSpace { .. }, .. })
    }
}

/// Fetches `template` from the worker that `source` names and leaves it, complete and checked, at `to`.
///
/// A transfer that broke off, even that of an earlier process, is gone on with: what has arrived lies beside `to`
/// in a file whose name begins with a dot and ends in `.partial`. Size and SHA-256 are those of `source`, else
/// nothing is left at `to`. Only one call for the same `to` can run at a time; a second one fails.
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
    fetch_with(source, template, to, tls, &progress, cancelled, Patience::default()).await
}

async fn fetch_with(
    source: &TemplateSource,
    template: TemplateId,
    to: &Path,
    tls: &TlsFiles,
    progress: &(dyn Fn(Transferred) + Send + Sync),
    cancelled: &CancellationToken,
    patience: Patience,
) -> Result<(), FetchError> {
    let asked = Asked { source, template, patience };
    let (client, url) = asked.client(tls).await?;
    let partial = asked.partial(to)?;
    let cannot = |what, path: &Path| {
        let path = path.to_owned();
        move |source| FetchError::File { what, path, source }
    };
    let mut sink = Sink::resume(&partial).await.map_err(cannot("write", &partial))?;
    if sink.length() > source.size.0 {
        sink.restart().await.map_err(cannot("write", &partial))?;
    }
    let mut meter = Meter::new(progress);
    let resumed = sink.length() > 0;
    let mut digests = asked.bring(&client, &url, &mut sink, &mut meter, cancelled).await?;
    if digests.sha256 != source.sha256 && resumed {
        // What an earlier process left may have been damaged, for instance by a power failure.
        sink.restart().await.map_err(cannot("write", &partial))?;
        digests = asked.bring(&client, &url, &mut sink, &mut meter, cancelled).await?;
    }
    if digests.sha256 != source.sha256 {
        std::fs::remove_file(&partial).map_err(cannot("remove", &partial))?;
        return Err(FetchError::WrongChecksum {
            template,
            address: source.address.clone(),
            found: digests.sha256,
            wanted: source.sha256.clone(),
        });
    }
    std::fs::rename(&partial, to).map_err(cannot("rename a complete file to", to))?;
    let directory = to.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    File::open(directory).and_then(|d| d.sync_all()).map_err(cannot("write", directory))?;
    meter.end(digests.size);
    Ok(())
}

/// What is asked of a worker.
struct Asked<'a> {
    source: &'a TemplateSource,
    template: TemplateId,
    patience: Patience,
}

impl Asked<'_> {
    /// A client that believes only the one worker, wherever that is, and the URL to ask it for.
    async fn client(&self, files: &TlsFiles) -> Result<(reqwest::Client, Url), FetchError> {
        let (template, source) = (self.template, self.source);
        let (address, path) = (source.address.as_str(), serve::path_of(template));
        let client = peer::client(source.worker, address, &path, files, self.patience).await;
        client.map_err(|error| match error {
            PeerError::BadAddress => self.bad("the address", address),
            PeerError::NoAddress(source) => {
                FetchError::NoAddress { template, address: address.to_owned(), source }
            }
            PeerError::Tls(source) => FetchError::Tls { template, source },
            PeerError::Client(source) => FetchError::Client { template, source },
        })
    }

    /// Where the file arrives. Its name holds the checksum: no other file is ever gone on with.
    fn partial(&self, to: &Path) -> Result<PathBuf, FetchError> {
        let sha256 = &self.source.sha256;
        if sha256.len() != 64 || !sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(self.bad("the SHA-256", sha256));
        }
        let mut name = OsString::from(".");
        name.push(to.file_name().unwrap_or_default());
        name.push(format!(".{}.partial", &sha256[..16]));
        Ok(to.with_file_name(name))
    }

    async fn bring(
        &self,
        client: &reqwest::Client,
        url: &Url,
        sink: &mut Sink,
        meter: &mut Meter<'_>,
        cancelled: &CancellationToken,
    ) -> Result<Digests, FetchError> {
        let failed = |source| FetchError::Transfer {
            template: self.template,
            address: self.source.address.clone(),
            source,
        };
        let transfer = Transfer {
            client,
            url,
            redirects: Redirects::Refuse,
            limit: self.source.size.0,
            size: Some(self.source.size.0),
            etag: Some(serve::etag(&self.source.sha256)),
            patience: self.patience,
        };
        transfer.run(sink, meter, cancelled).await.map_err(failed)?;
        let finished = sink.finish().await;
        finished
            .map_err(|error| failed(TransferError::writing(sink.path(), self.source.size.0, error)))
    }

    fn bad(&self, what: &'static str, value: &str) -> FetchError {
        FetchError::BadSource { template: self.template, what, value: value.to_owned() }
    }
}

#[cfg(test)]
mod tests;
