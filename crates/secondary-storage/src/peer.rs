//! How a host speaks to an image worker: a client that believes only the one worker, wherever that is.

use std::io;

use hostler_model::HostGuid;
use reqwest::{Client, Url};

use crate::transfer::Patience;
use crate::{TlsFiles, WorkerError, tls};

/// Why there is no such client.
#[derive(Debug)]
pub(crate) enum PeerError {
    /// The address has no port, or is none.
    BadAddress,
    /// It cannot be looked up.
    NoAddress(io::Error),
    /// This host cannot prove who it is.
    Tls(WorkerError),
    /// No client could be made.
    Client(reqwest::Error),
}

/// A client for the worker at `address` (host and port), and the URL of `path` there.
pub(crate) async fn client(
    worker: HostGuid,
    address: &str,
    path: &str,
    files: &TlsFiles,
    patience: Patience,
) -> Result<(Client, Url), PeerError> {
    let port = address.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
    let port = port.ok_or(PeerError::BadAddress)?;
    let worker = worker.to_string();
    let url = format!("https://{worker}:{port}{path}");
    let url = Url::parse(&url).map_err(|_| PeerError::BadAddress)?;
    let addresses = tokio::net::lookup_host(address).await.map_err(PeerError::NoAddress)?;
    let addresses: Vec<_> = addresses.collect();
    let tls = tls::client(files).map_err(PeerError::Tls)?;
    let client = patience
        .client()
        .tls_backend_preconfigured(tls)
        .https_only(true)
        .resolve_to_addrs(&worker, &addresses)
        .build()
        .map_err(PeerError::Client)?;
    Ok((client, url))
}
