//! The manager's agents' side against agents that speak the real protocol over real TLS.

#[path = "agents_hostile.rs"]
mod hostile;
#[path = "agents_life.rs"]
mod life;
#[path = "agents_orders.rs"]
mod orders;
