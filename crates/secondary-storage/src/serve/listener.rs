//! Takes connections from hosts and shakes hands with many at once, so that a slow one holds up nobody.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

/// A handshake may take so long.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// So many may go on at once; further connections wait in the kernel.
const HANDSHAKES: usize = 256;
/// After an error of `accept`, for instance because there are too many open files.
const PAUSE: Duration = Duration::from_millis(200);

type Ready = (TlsStream<TcpStream>, SocketAddr);

/// A listener of TLS connections whose handshake is done.
#[derive(Debug)]
pub(super) struct TlsListener {
    ready: mpsc::Receiver<Ready>,
    address: io::Result<SocketAddr>,
}

impl TlsListener {
    /// Listens until `shutdown`.
    pub(super) fn new(
        listener: TcpListener,
        tls: Arc<ServerConfig>,
        shutdown: CancellationToken,
    ) -> Self {
        let (done, ready) = mpsc::channel(16);
        let address = listener.local_addr();
        tokio::spawn(async move {
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = done.closed() => {}
                () = accept_all(&listener, TlsAcceptor::from(tls), &done) => {}
            }
        });
        Self { ready, address }
    }
}

async fn accept_all(listener: &TcpListener, acceptor: TlsAcceptor, done: &mpsc::Sender<Ready>) {
    let handshakes = Arc::new(Semaphore::new(HANDSHAKES));
    loop {
        let Ok(permit) = Arc::clone(&handshakes).acquire_owned().await else { return };
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot take a connection");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let (acceptor, done) = (acceptor.clone(), done.clone());
        tokio::spawn(async move {
            let _permit = permit;
            match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => {
                    let _ = done.send((stream, peer)).await; // fails only when serving has ended
                }
                Ok(Err(error)) => tracing::warn!(%peer, %error, "refused a connection"),
                Err(_) => tracing::warn!(%peer, "a handshake took too long"),
            }
        });
    }
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> Ready {
        match self.ready.recv().await {
            Some(ready) => ready,
            None => std::future::pending().await, // the end is near; axum waits for it beside this
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.address.as_ref().copied().map_err(|error| error.kind().into())
    }
}
