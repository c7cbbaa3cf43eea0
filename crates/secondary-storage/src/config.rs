//! What an image worker is told when it starts, and why it may not be able to start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;

/// How an image worker is set up (`secondary.storage.*` of `agent.properties`).
#[derive(Debug, Clone)]
pub struct WorkerConfig {
    /// Where templates are kept (`secondary.storage.path`).
    pub root: PathBuf,
    /// Whether `root` must be the root of a mounted file system: then nothing is ever written while it is not.
    pub mounted: bool,
    /// Where hosts are served (`secondary.storage.listen`).
    pub listen: SocketAddr,
    /// The address and port that hosts use (`secondary.storage.address`).
    pub serve_address: String,
    /// Where links are served (`secondary.storage.public.listen`).
    pub public_listen: SocketAddr,
    /// What links begin with (`secondary.storage.public.url`).
    pub public_url: String,
    /// The worker's certificate, by which hosts know it, and the cloud's CA, by which it knows them.
    pub tls: TlsFiles,
    /// Directories that `file://` URLs may name; nothing: any regular file that can be read. The manager lets only
    /// root administrators register such URLs.
    pub file_roots: Option<Vec<PathBuf>>,
    /// Private networks that may be asked for templates even by commands that do not allow private addresses.
    pub allowed_networks: Vec<IpNet>,
}

/// Files in PEM that prove who this machine is, and tell whom to believe.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The cloud's CA, the only one that is believed.
    pub ca: PathBuf,
    /// This machine's certificate, with the chain to the CA if there is one.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Why an image worker cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The directory is neither secondary storage nor empty.
    #[error(
        "{path} is not secondary storage: it has no {marker}, and it is not empty; \
         name another directory, or create that file if it really is one"
    )]
    NotSecondaryStorage {
        /// The directory.
        path: PathBuf,
        /// Name of the marker file.
        marker: &'static str,
    },
    /// It should be a mount point, and is none.
    #[error("{path} is not the root of a mounted file system; mount secondary storage there")]
    NotMounted {
        /// The directory.
        path: PathBuf,
    },
    /// The file system refused something.
    #[error("cannot {what} {path}")]
    File {
        /// What was tried.
        what: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file of [`TlsFiles`] cannot be used.
    #[error("cannot use {path} for TLS: {why}")]
    Tls {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// The address is taken, or not ours.
    #[error("cannot listen on {address}; is another image worker running here?")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
}
