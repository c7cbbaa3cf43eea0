//! A cable between an agent and the manager that a test can pull.
//!
//! Not here: TLS, which passes through it untouched.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Forwards connections to the manager while it is plugged in.
#[derive(Debug)]
pub struct Cable {
    /// The port to dial in place of the manager's.
    pub port: u16,
    plugged: watch::Sender<bool>,
}

impl Cable {
    /// A cable to `manager`, plugged in.
    ///
    /// # Errors
    /// If no port is free.
    pub async fn to(manager: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let (plugged, state) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                if *state.borrow() {
                    tokio::spawn(carry(near, manager, state.clone()));
                }
            }
        });
        Ok(Self { port, plugged })
    }

    /// Ends every connection and lets no new one through.
    pub fn pull(&self) {
        self.plugged.send_replace(false);
    }

    /// Lets connections through again.
    pub fn plug_in(&self) {
        self.plugged.send_replace(true);
    }
}

async fn carry(mut near: TcpStream, manager: SocketAddr, mut state: watch::Receiver<bool>) {
    let Ok(mut far) = TcpStream::connect(manager).await else { return };
    tokio::select! {
        _ = copy_bidirectional(&mut near, &mut far) => {}
        _ = state.wait_for(|plugged| !plugged) => {}
    }
}
