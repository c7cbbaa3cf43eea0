//! Commands about events.

use super::{Entry, known};

mod archive_events;
mod list_alert_types;
mod list_alerts;
mod list_event_types;
mod list_events;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<archive_events::ArchiveEvents>(),
    known::<list_alert_types::ListAlertTypes>(),
    known::<list_alerts::ListAlerts>(),
    known::<list_event_types::ListEventTypes>(),
    known::<list_events::ListEvents>(),
];
