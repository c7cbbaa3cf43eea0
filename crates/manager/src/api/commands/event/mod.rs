//! Commands about events.

use super::{Entry, known};

mod list_events;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[known::<list_events::ListEvents>()];
