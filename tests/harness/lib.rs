//! What whole-system tests are made of.

pub mod agents;
pub mod books;
pub mod cable;
pub mod cloud;
pub mod furnish;
pub mod http;
pub mod many;
pub mod process;
pub mod simulated;
pub mod slapd;
pub mod sshd;
pub mod xml;
