//! Events in answers.

use hostler_store::event_view::EventView;

use super::{api_object, date};

api_object! {
    /// An event.
    EVENT = "EventResponse", event(view: &EventView) {
        "id" string "its id" => view.id,
        "type" string "what happened: VM.CREATE, HOST.UP, ..." => view.kind,
        "level" string "INFO, WARN or ERROR" => view.level,
        "state" event "Scheduled, Started or Completed" => view.state,
        "description" string "what happened, for a person, and who says so" =>
            format!("{} ({})", view.description, view.cause),
        "account" string "whose it is" => view.owner.as_ref().map(|owner| &owner.1),
        "domainid" string "the owner's domain" => view.owner.as_ref().map(|owner| owner.2),
        "domain" string "that domain's name" => view.owner.as_ref().map(|owner| &owner.3),
        "domainpath" string "that domain's path" => view.owner.as_ref().map(|owner| &owner.4),
        "username" string "who asked for it" => view.user_name,
        "resourcetype" string "the kind of thing that it is about" =>
            view.subject.as_ref().map(|subject| &subject.0),
        "resourceid" string "that thing's id" => view.subject.as_ref().map(|subject| subject.1),
        "archived" boolean "whether it was put away, always false" => false,
        "created" date "when" => date(view.at),
        "jobid" string "the job that brought it about" => view.job,
    }
}
