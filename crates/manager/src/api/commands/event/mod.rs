//! Commands about events.

pub(crate) mod list_events;
