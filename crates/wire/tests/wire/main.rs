//! What the bytes are, and that nothing that arrives can hurt.

#![allow(clippy::unwrap_used)]

mod any;
mod decode;
mod golden;
mod handshake;
mod hostile;
mod round_trip;
