//! What the manager and an agent say to each other.
//!
//! A connection carries frames. A frame is an outer envelope that never changes its shape ([`Envelope`])
//! around a bincode body of a numbered version ([`Message`]). [`codec`] turns bytes into messages and back,
//! [`handshake`] says which message may arrive when.
//!
//! Not here: sockets, TLS, retries, policy. The page `docs/protocol.md` shows the bytes.

mod adoption;
mod answer;
mod command;
mod envelope;
mod image;
mod message;
mod report;
mod secret;
mod spec;
mod startup;
mod version;

pub mod codec;
pub mod handshake;
pub mod show;

pub use adoption::*;
pub use answer::*;
pub use command::*;
pub use envelope::*;
pub use image::*;
pub use message::*;
pub use report::*;
pub use secret::Secret;
pub use spec::*;
pub use startup::*;
pub use version::{ProtocolVersion, VersionRange};
