//! Reaching a manager: every address of every manager is tried, each for a limited time.
//!
//! Not here: when to try again ([`super::backoff`]) and what is said ([`super::session`]).

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::tls::{MANAGER_NAME, TlsError, client_config};
use crate::properties::{Properties, TlsFiles};

/// How long one address has for TCP, and then for TLS.
const PATIENCE: Duration = Duration::from_secs(10);

/// An open connection to a manager.
#[derive(Debug)]
pub struct Link<S> {
    /// The bytes.
    pub stream: S,
    /// The other end, for logs.
    pub peer: String,
    /// This end's address, where there is one.
    pub local: Option<IpAddr>,
}

/// Opens connections to a manager. Tests open other kinds than the real one does.
pub trait Dialer: fmt::Debug + Send + Sync + 'static {
    /// What a connection is made of.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Opens one. `attempt` counts up, so that several managers get their turns.
    fn dial(
        &self,
        attempt: usize,
    ) -> impl Future<Output = Result<Link<Self::Stream>, DialError>> + Send;
}

/// No manager could be reached.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The files of this side.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// What became of each address.
    #[error("no manager answers: {0}")]
    Nobody(String),
}

/// Opens TLS connections to the managers that `agent.properties` names.
#[derive(Debug, Clone)]
pub struct TlsDialer {
    managers: Vec<String>,
    port: u16,
    files: TlsFiles,
}

impl TlsDialer {
    /// A dialer for the managers of `properties`.
    ///
    /// # Errors
    /// [`TlsError`] if the TLS files cannot be used as they are now.
    pub fn new(properties: &Properties) -> Result<Self, TlsError> {
        client_config(&properties.tls)?;
        Ok(Self {
            managers: properties.managers.clone(),
            port: properties.port,
            files: properties.tls.clone(),
        })
    }

    async fn dial_one(
        &self,
        address: SocketAddr,
        tls: &TlsConnector,
    ) -> Result<Link<TlsStream<TcpStream>>, String> {
        let limited = |what: &'static str| move |_| format!("no answer to {what} in {PATIENCE:?}");
        let tcp = timeout(PATIENCE, TcpStream::connect(address))
            .await
            .map_err(limited("TCP"))?
            .map_err(|e| e.to_string())?;
        // Orders are short and wait for nobody.
        tcp.set_nodelay(true).map_err(|e| e.to_string())?;
        let local = tcp.local_addr().ok().map(|a| a.ip());
        let name = ServerName::try_from(MANAGER_NAME).map_err(|e| e.to_string())?;
        let stream = timeout(PATIENCE, tls.connect(name, tcp))
            .await
            .map_err(limited("TLS"))?
            .map_err(|e| format!("TLS: {e}"))?;
        Ok(Link { stream, peer: address.to_string(), local })
    }
}

impl Dialer for TlsDialer {
    type Stream = TlsStream<TcpStream>;

    async fn dial(&self, attempt: usize) -> Result<Link<Self::Stream>, DialError> {
        let tls = TlsConnector::from(Arc::new(client_config(&self.files)?));
        let mut failures = Vec::new();
        let count = self.managers.len();
        for manager in (0..count).map(|n| &self.managers[(attempt + n) % count]) {
            let addresses =
                match timeout(PATIENCE, lookup_host((manager.as_str(), self.port))).await {
                    Ok(Ok(addresses)) => addresses,
                    Ok(Err(e)) => {
                        failures.push(format!("{manager}: {e}"));
                        continue;
                    }
                    Err(_) => {
                        failures.push(format!("{manager}: no address found in {PATIENCE:?}"));
                        continue;
                    }
                };
            for address in addresses {
                match self.dial_one(address, &tls).await {
                    Ok(link) => return Ok(link),
                    Err(why) => failures.push(format!("{manager} ({address}): {why}")),
                }
            }
        }
        Err(DialError::Nobody(failures.join("; ")))
    }
}
