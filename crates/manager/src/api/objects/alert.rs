//! Alerts in answers: events that somebody should look at.

use hostler_store::event_view::EventView;

use super::{api_object, date};

/// Kinds of alerts: number, name, and what the event is about.
pub(crate) const KINDS: &[(u16, &str, &str)] =
    &[(7, "ALERT.HOST", "Host"), (8, "ALERT.USERVM", "VirtualMachine")];

api_object! {
    /// An event that somebody should look at.
    ALERT = "AlertResponse", alert(view: &EventView) {
        "id" string "the event's id" => view.id,
        "type" short "7 a host, 8 a VM" => kind(view).map(|kind| kind.0),
        "name" string "the kind of alert" => kind(view).map(|kind| kind.1),
        "description" string "what has happened" => view.description,
        "sent" date "when" => date(view.at),
    }
}

api_object! {
    /// A kind of alert.
    ALERT_KIND = "AlertResponse", alert_kind(number: u16, name: &str) {
        "type" short "its number" => number,
        "name" string "its name" => name,
    }
}

fn kind(view: &EventView) -> Option<&'static (u16, &'static str, &'static str)> {
    let about = view.subject.as_ref().map(|(kind, _)| kind.as_str());
    KINDS.iter().find(|kind| Some(kind.2) == about)
}
