//! Tags in answers.

use hostler_store::tag::TagView;
use serde_json::Value;

use super::api_object;

api_object! {
    /// A tag of a thing.
    TAG = "tags", tag(view: &TagView) {
        "key" string "what it says" => view.key,
        "value" string "what it says of that" => view.value,
        "resourcetype" string "the kind of thing that has it" => view.kind,
        "resourceid" string "that thing's id" => view.resource,
        "customer" string "for whom it was put there" => view.customer,
        "account" string "the thing's owner; without one, who put it there" => view.account_name,
        "domainid" string "that account's domain" => view.domain,
        "domain" string "that domain's name" => view.domain_name,
        "domainpath" string "that domain's path" => view.domain_path,
    }
}

/// The tags of a thing.
pub(crate) fn tags(views: &[TagView]) -> Value {
    views.iter().map(tag).collect()
}
