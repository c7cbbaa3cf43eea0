//! Commands about events.

pub mod list_events;
