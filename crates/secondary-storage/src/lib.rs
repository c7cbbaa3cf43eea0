//! Secondary storage: the image worker, and how a host fetches a template from one.
//!
//! [`SecondaryStorage`] downloads templates, checks them, keeps them in one directory and serves them to hosts
//! over mutual TLS. [`fetch`] is the other end of that connection, in the host's agent; [`send`] is the way back, for
//! templates that are made from volumes.
//!
//! Not here: who may register what (the manager), storage pools of hosts (the agent), and the connection over
//! which a worker gets its orders (the agent, whose second resource this is).

mod address;
mod checksum;
mod config;
pub mod fetch;
mod layout;
mod peer;
mod probe;
mod progress;
mod qcow2;
pub mod send;
mod serve;
mod sink;
mod source;
mod tls;
mod transfer;
mod worker;

#[cfg(test)]
mod world;

pub use config::{TlsFiles, WorkerConfig, WorkerError};
pub use progress::Transferred;
pub use transfer::TransferError;
pub use worker::SecondaryStorage;
