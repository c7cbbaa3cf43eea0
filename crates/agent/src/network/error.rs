//! Why a guest network cannot be served.

use std::io;
use std::path::PathBuf;

use hostler_model::NetworkId;
use hostler_wire::FailureKind;

use crate::program::ProgramError;

/// Why a guest network cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// No such bridge.
    #[error("bridge {bridge} is missing on this host; create it or correct the traffic label")]
    NoBridge {
        /// Its name.
        bridge: String,
    },
    /// Neither the network nor the host names one.
    #[error("no bridge is named for network {network}; set guest.network.device on this host")]
    NoBridgeNamed {
        /// The network.
        network: NetworkId,
    },
    /// Something that this agent does not serve.
    #[error("network {network} cannot be served: {why}")]
    Unsupported {
        /// The network.
        network: NetworkId,
        /// What about it.
        why: String,
    },
    /// A program failed.
    #[error("cannot {what} of network {network}")]
    Program {
        /// What was tried.
        what: &'static str,
        /// The network.
        network: NetworkId,
        /// Why not.
        source: ProgramError,
    },
    /// The file system refused something.
    #[error("cannot {what} {path}")]
    File {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// dnsmasq does not end.
    #[error("dnsmasq (pid {pid}) of network {network} cannot be ended")]
    WontEnd {
        /// The network.
        network: NetworkId,
        /// Its number.
        pid: i32,
        /// Why not.
        source: io::Error,
    },
}

impl NetworkError {
    /// The kind of failure that the manager is told.
    pub const fn kind(&self) -> FailureKind {
        match self {
            Self::Unsupported { .. } => FailureKind::Unsupported,
            _ => FailureKind::Failed,
        }
    }
}
