//! How simulated agents reach the manager: real TCP and TLS, over a cable that can be pulled.
//!
//! Not here: when to connect again (the agent does that), and who pulls cables (`fleet`).

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hostler_agent::connection::{DialError, Dialer, Link};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::sync::ReusableBoxFuture;

use crate::identity::Identity;

/// The name in a manager's certificate.
const MANAGER_NAME: &str = "hostler-manager";
/// How long TCP and TLS have, each: as the real agent gives them.
const PATIENCE: Duration = Duration::from_secs(10);

/// What state a machine's cable is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cable {
    /// Bytes pass.
    #[default]
    Whole,
    /// Nothing passes and nobody is told, as when a switch fails.
    Cut,
    /// Connections end at once and none begins, as when a port is closed.
    Refused,
}

/// Opens connections for one machine.
#[derive(Debug, Clone)]
pub struct CableDialer {
    address: SocketAddr,
    identity: Arc<Identity>,
    cable: watch::Receiver<Cable>,
}

impl CableDialer {
    /// A dialer of the manager at `address`.
    pub fn new(
        address: SocketAddr,
        identity: Arc<Identity>,
        cable: watch::Receiver<Cable>,
    ) -> Self {
        Self { address, identity, cable }
    }

    async fn open(&self) -> Result<Link<TlsStream<Wire>>, String> {
        let limited = |what: &'static str| move |_| format!("no answer to {what} in {PATIENCE:?}");
        let mut cable = self.cable.clone();
        let reach = async {
            let state = cable.wait_for(|cable| *cable != Cable::Cut).await.map(|state| *state);
            if matches!(state, Ok(Cable::Refused)) {
                return Err(io::Error::from(io::ErrorKind::ConnectionRefused));
            }
            TcpStream::connect(self.address).await
        };
        let tcp = timeout(PATIENCE, reach).await.map_err(limited("TCP"))?;
        let tcp = tcp.map_err(|e| e.to_string())?;
        tcp.set_nodelay(true).map_err(|e| e.to_string())?;
        let local = tcp.local_addr().ok().map(|a| a.ip());
        let name = ServerName::try_from(MANAGER_NAME).map_err(|e| e.to_string())?;
        let tls = TlsConnector::from(Arc::new(self.identity.tls().map_err(|e| e.to_string())?));
        let wire = Wire::new(tcp, self.cable.clone());
        let stream = timeout(PATIENCE, tls.connect(name, wire))
            .await
            .map_err(limited("TLS"))?
            .map_err(|e| format!("TLS: {e}"))?;
        Ok(Link { stream, peer: self.address.to_string(), local })
    }
}

impl Dialer for CableDialer {
    type Stream = TlsStream<Wire>;

    async fn dial(&self, _attempt: usize) -> Result<Link<Self::Stream>, DialError> {
        let named = |why| DialError::Nobody(format!("{}: {why}", self.address));
        self.open().await.map_err(named)
    }
}

/// TCP as it is behind the cable.
#[derive(Debug)]
pub struct Wire {
    tcp: TcpStream,
    cable: watch::Receiver<Cable>,
    /// Ready when the cable has changed; one for who reads and one for who writes, as two tasks may do that.
    changed: [ReusableBoxFuture<'static, ()>; 2],
}

/// Places in [`Wire::changed`].
const READER: usize = 0;
const WRITER: usize = 1;

impl Wire {
    fn new(tcp: TcpStream, cable: watch::Receiver<Cable>) -> Self {
        let changed = [(); 2].map(|()| ReusableBoxFuture::new(changes(cable.clone())));
        Self { tcp, cable, changed }
    }

    /// Whether bytes may pass now; if not, `context` is woken when that has changed.
    fn poll_cable(&mut self, who: usize, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let now = *self.cable.borrow_and_update();
            if now == Cable::Refused {
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
            if self.changed[who].poll(context).is_ready() {
                self.changed[who].set(changes(self.cable.clone()));
            } else if now == Cable::Cut {
                return Poll::Pending;
            } else {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

/// Ends at the next change that `cable` has not seen; never, if nobody can pull the cable any more.
async fn changes(mut cable: watch::Receiver<Cable>) {
    if cable.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_cable(READER, context))?;
        Pin::new(&mut self.tcp).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_cable(WRITER, context))?;
        Pin::new(&mut self.tcp).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_cable(WRITER, context))?;
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    async fn pair() -> (Wire, TcpStream, watch::Sender<Cable>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (far, _) = listener.accept().await.unwrap();
        let (pull, cable) = watch::channel(Cable::Whole);
        (Wire::new(near, cable), far, pull)
    }

    #[tokio::test]
    async fn a_cut_cable_keeps_bytes_until_it_is_mended() {
        let (mut near, mut far, pull) = pair().await;
        far.write_all(b"before").await.unwrap();
        let mut heard = [0; 6];
        near.read_exact(&mut heard).await.unwrap();
        pull.send_replace(Cable::Cut);
        far.write_all(b"during").await.unwrap();
        let mut reading = Box::pin(near.read_exact(&mut heard));
        assert!(futures_util::poll!(&mut reading).is_pending());
        pull.send_replace(Cable::Whole);
        reading.await.unwrap();
        assert_eq!(&heard, b"during");
    }

    #[tokio::test]
    async fn a_refused_cable_ends_who_waits_for_bytes() {
        let (mut near, _far, pull) = pair().await;
        let mut heard = [0; 1];
        let mut reading = Box::pin(near.read_exact(&mut heard));
        assert!(futures_util::poll!(&mut reading).is_pending());
        pull.send_replace(Cable::Refused);
        assert_eq!(reading.await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }
}
