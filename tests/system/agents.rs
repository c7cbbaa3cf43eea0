//! The manager's agents' side against agents that speak the real protocol over real TLS.
#![allow(clippy::unwrap_used)] // a failed unwrap is a failed test

#[path = "agents_hostile.rs"]
mod hostile;
#[path = "agents_life.rs"]
mod life;
#[path = "agents_orders.rs"]
mod orders;
