//! The agents' port: accepts connections and takes them through TLS, each in a task of its own.
//!
//! Not here: what is said once TLS is done (`session`).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::{Shared, session};
use crate::ca::read_peer;

/// After a failed accept, which is mostly for want of file descriptors: time for some to come free.
const BREATH: Duration = Duration::from_millis(100);

pub(super) async fn accept(shared: Arc<Shared>, port: TcpListener, tls: Arc<ServerConfig>) {
    let tls = TlsAcceptor::from(tls);
    let places = Arc::new(Semaphore::new(shared.settings.max_handshakes));
    loop {
        let accepted = tokio::select! {
            accepted = port.accept() => accepted,
            () = shared.stop.cancelled() => return,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(e) => {
                tracing::error!(error = %e, "cannot accept an agent's connection");
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            shared.metrics.handshake_failed("crowded");
            tracing::debug!(%peer, "closing a connection: too many TLS handshakes at once");
            continue;
        };
        let (own, tls) = (Arc::clone(&shared), tls.clone());
        shared.tasks.spawn(async move {
            let stop = own.stop.clone();
            tokio::select! {
                () = handshake(own, tls, stream, peer, place) => {}
                // A session that has passed Startup ends by itself, with a goodbye.
                () = stop.cancelled_owned() => {}
            }
        });
    }
}

async fn handshake(
    shared: Arc<Shared>,
    tls: TlsAcceptor,
    stream: TcpStream,
    peer: SocketAddr,
    place: tokio::sync::OwnedSemaphorePermit,
) {
    // Small frames must not wait for each other; an error only costs speed.
    let _ = stream.set_nodelay(true);
    let stream = match timeout(shared.settings.handshake_wait, tls.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(e)) => {
            shared.metrics.handshake_failed("tls");
            tracing::info!(%peer, error = %e, "an agent's TLS handshake failed");
            return;
        }
        Err(_) => {
            shared.metrics.handshake_failed("tls_slow");
            tracing::info!(%peer, "an agent's TLS handshake took too long");
            return;
        }
    };
    drop(place);
    let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let Some(certificate) = certificate.and_then(read_peer) else {
        shared.metrics.handshake_failed("certificate");
        tracing::warn!(%peer, "closing a connection: its certificate is not an agent's");
        return;
    };
    let tasks = shared.tasks.clone();
    // Its own task: it outlives the listener's stop by its goodbye.
    tasks.spawn(session::run(shared, Box::new(stream), peer, certificate));
}
