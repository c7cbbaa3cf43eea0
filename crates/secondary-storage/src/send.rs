//! How a host sends a template to an image worker that expects it: announced, then piece by piece.
//!
//! Not here: what the file is (the agent's storage pools), and who may send what (the worker's `layout::arrivals`).

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use hostler_model::{Bytes, HostGuid, TemplateId, error_chain};
use reqwest::{Client, RequestBuilder, StatusCode, Url};
use tokio_util::sync::CancellationToken;

use crate::checksum::{self, Algorithm};
use crate::peer::{self, PeerError};
use crate::progress::Meter;
use crate::serve::arrivals::{DIGEST, LENGTH, OFFSET, PIECE, path_of};
use crate::transfer::Patience;
use crate::worker::blocking;
use crate::{TlsFiles, Transferred, WorkerError};

/// Who is sent what.
#[derive(Debug, Clone, Copy)]
pub struct Parcel<'a> {
    /// The template.
    pub template: TemplateId,
    /// Its file.
    pub file: &'a Path,
    /// The image worker.
    pub worker: HostGuid,
    /// Its address and port.
    pub address: &'a str,
}

/// What was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Size of the file.
    pub size: Bytes,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

/// Why a template could not be sent. What the worker has of it stays there, and the next call goes on behind it.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Called off.
    #[error("sending template {template} was called off")]
    Cancelled {
        /// The template.
        template: TemplateId,
    },
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The worker's address makes no sense, or cannot be looked up.
    #[error("cannot find the image worker {address}; check `secondary.storage.address` there")]
    Address {
        /// Address and port.
        address: String,
        /// Why not, if it was looked up.
        source: Option<io::Error>,
    },
    /// This host cannot prove who it is.
    #[error("cannot send template {template}")]
    Tls {
        /// The template.
        template: TemplateId,
        /// Why not.
        source: WorkerError,
    },
    /// No client could be made.
    #[error("cannot send template {template}")]
    Client {
        /// The template.
        template: TemplateId,
        /// Why not.
        source: reqwest::Error,
    },
    /// The worker does not take it.
    #[error("the image worker at {address} does not take template {template} of {size}: {why}")]
    Refused {
        /// The template.
        template: TemplateId,
        /// Size of the file.
        size: Bytes,
        /// Address and port of the worker.
        address: String,
        /// Why not, and what to do.
        why: &'static str,
        /// HTTP status.
        status: StatusCode,
    },
    /// The connection broke again and again.
    #[error(
        "sending template {template} to {address} broke off at {at} of {size} and {attempts} attempts brought nothing \
         more: {why}; try again later"
    )]
    Broke {
        /// The template.
        template: TemplateId,
        /// Address and port of the worker.
        address: String,
        /// So much is there.
        at: Bytes,
        /// Of so much.
        size: Bytes,
        /// How often it was tried.
        attempts: u32,
        /// The whole chain of causes.
        why: String,
    },
}

impl SendError {
    /// Whether it was called off, and nothing is wrong.
    pub const fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled { .. })
    }
}

/// Why one attempt failed, and whether another may help.
enum Attempt {
    Final(SendError),
    Passing(String),
}

/// Sends a file. It must not change meanwhile.
///
/// # Errors
/// See [`SendError`]. Display it with its sources: they say why.
pub async fn send(
    parcel: Parcel<'_>,
    tls: &TlsFiles,
    progress: impl Fn(Transferred) + Send + Sync,
    cancelled: &CancellationToken,
) -> Result<Sent, SendError> {
    let work = send_with(parcel, tls, &progress, Patience::default());
    tokio::select! {
        biased;
        () = cancelled.cancelled() => Err(SendError::Cancelled { template: parcel.template }),
        sent = work => sent,
    }
}

async fn send_with(
    parcel: Parcel<'_>,
    tls: &TlsFiles,
    progress: &(dyn Fn(Transferred) + Send + Sync),
    patience: Patience,
) -> Result<Sent, SendError> {
    let (file, sent) = parcel.hash().await?;
    let path = path_of(parcel.template);
    let client = peer::client(parcel.worker, parcel.address, &path, tls, patience).await;
    let (client, url) = client.map_err(|error| parcel.no_client(error))?;
    let mut meter = Meter::new(progress);
    let mut sending = Sending { parcel, client, url, file, sent, arrived: 0 };
    let (mut fruitless, mut backoff) = (0, patience.backoff);
    loop {
        let before = sending.arrived;
        let why = match sending.attempt(&mut meter).await {
            Ok(()) => break,
            Err(Attempt::Final(error)) => return Err(error),
            Err(Attempt::Passing(why)) => why,
        };
        if sending.arrived > before {
            (fruitless, backoff) = (0, patience.backoff);
        }
        fruitless += 1;
        if fruitless >= patience.attempts {
            return Err(sending.broke(patience.attempts, why));
        }
        tracing::warn!(why, at = sending.arrived, "sending a template broke off; going on");
        tokio::time::sleep(backoff).await;
        backoff *= 2;
    }
    meter.end(sending.sent.size.0);
    Ok(sending.sent)
}

impl Parcel<'_> {
    /// Opens the file, and says what it is.
    async fn hash(&self) -> Result<(File, Sent), SendError> {
        let path = self.file.to_owned();
        let read = blocking(move || {
            let mut file = File::open(&path)?;
            let (size, sha256) = checksum::of(&mut file, Algorithm::Sha256)?;
            Ok((file, Sent { size: Bytes(size), sha256 }))
        });
        read.await.map_err(|source| SendError::Read { path: self.file.to_owned(), source })
    }

    fn no_client(&self, error: PeerError) -> SendError {
        let (template, address) = (self.template, self.address.to_owned());
        match error {
            PeerError::BadAddress => SendError::Address { address, source: None },
            PeerError::NoAddress(source) => SendError::Address { address, source: Some(source) },
            PeerError::Tls(source) => SendError::Tls { template, source },
            PeerError::Client(source) => SendError::Client { template, source },
        }
    }
}

/// A file on its way.
struct Sending<'a> {
    parcel: Parcel<'a>,
    client: Client,
    url: Url,
    file: File,
    sent: Sent,
    /// What the worker has of it.
    arrived: u64,
}

impl Sending<'_> {
    /// Announces the file, and sends what the worker lacks of it.
    async fn attempt(&mut self, meter: &mut Meter<'_>) -> Result<(), Attempt> {
        let size = self.sent.size.0;
        let announced = self.client.post(self.url.clone()).header(LENGTH, size);
        self.arrived = self.ask(announced).await?;
        while self.arrived < size {
            let piece = self.piece().map_err(|source| {
                let path = self.parcel.file.to_owned();
                Attempt::Final(SendError::Read { path, source })
            })?;
            let sent = self.client.patch(self.url.clone()).header(OFFSET, self.arrived);
            self.arrived = self.ask(sent.body(piece)).await?;
            meter.at(self.arrived, Some(size));
        }
        Ok(())
    }

    /// The next piece, a few MiB that the page cache has since they were hashed.
    fn piece(&mut self) -> io::Result<Vec<u8>> {
        let left = self.sent.size.0 - self.arrived;
        let length = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        let mut piece = vec![0; length];
        self.file.seek(SeekFrom::Start(self.arrived))?;
        self.file.read_exact(&mut piece)?;
        Ok(piece)
    }

    /// How much the worker has after a request.
    async fn ask(&self, request: RequestBuilder) -> Result<u64, Attempt> {
        let response = request
            .header(DIGEST, &self.sent.sha256)
            .send()
            .await
            .map_err(|error| Attempt::Passing(error_chain(&error.without_url())))?;
        let status = response.status();
        let why = match status {
            StatusCode::OK => {
                let offset = response.headers().get(OFFSET).and_then(|it| it.to_str().ok());
                let offset = offset.and_then(|it| it.parse().ok());
                return offset.filter(|it| *it <= self.sent.size.0).ok_or_else(|| {
                    Attempt::Passing("the worker does not say how much it has".to_owned())
                });
            }
            StatusCode::NOT_FOUND => "it does not expect it from this host",
            StatusCode::PAYLOAD_TOO_LARGE => "it is larger than a template may be",
            StatusCode::INSUFFICIENT_STORAGE => "it has no room for it; free some space there",
            other => return Err(Attempt::Passing(format!("the worker answers {other}"))),
        };
        let Parcel { template, address, .. } = self.parcel;
        let (size, address) = (self.sent.size, address.to_owned());
        Err(Attempt::Final(SendError::Refused { template, size, address, why, status }))
    }

    fn broke(&self, attempts: u32, why: String) -> SendError {
        let Parcel { template, address, .. } = self.parcel;
        let (at, size, address) = (Bytes(self.arrived), self.sent.size, address.to_owned());
        SendError::Broke { template, address, at, size, attempts, why }
    }
}

#[cfg(test)]
mod tests;
