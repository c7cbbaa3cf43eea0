//! The program itself against a manager that is played by an HTTP server.
#![allow(clippy::unwrap_used)]

mod manager;
mod nouns;
mod output;
mod placement;
mod resolving;
mod settings;
mod usage;
mod work;
