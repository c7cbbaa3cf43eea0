//! Settings in answers.

use super::api_object;
use crate::settings::Setting;

api_object! {
    /// A setting.
    CONFIGURATION = "ConfigurationResponse", configuration(setting: &Setting, value: &str, scope: &str) {
        "name" string "its name" => setting.name,
        "displaytext" string "its name, for people" => words(setting.name),
        "value" string "its present value; of a secret, whether there is one" => setting.shown(value),
        "defaultvalue" string "its value when nobody has set it" => setting.default,
        "description" string "what it does" => setting.description,
        "category" string "what it is about" => setting.category,
        "group" string "the group that it is in" => group_of(setting),
        "subgroup" string "the part of that group, always Others" => SUBGROUP,
        "type" string "Number, Decimal, Boolean or String" => setting.kind.type_name(),
        "isdynamic" boolean "whether a change takes effect without a restart" => setting.dynamic,
        "scope" string "where this value holds: global, zone, cluster or account" => scope,
        "component" string "the part of the product that reads it" => "manager",
    }
}

api_object! {
    /// A part of a group of settings.
    SUBGROUP_SHAPE = "subgroup", subgroup() {
        "name" string "its name" => SUBGROUP,
        "precedence" long "its place among the others" => 1,
    }
}

api_object! {
    /// A group of settings.
    CONFIGURATION_GROUP = "ConfigurationGroupResponse", configuration_group(name: &str, text: &str, place: u32) {
        "name" string "its name" => name,
        "description" string "what its settings are about" => text,
        "precedence" long "its place among the others" => place,
        "subgroup" list(SUBGROUP_SHAPE) "its parts" => [subgroup()],
    }
}

/// The one part of every group.
pub(crate) const SUBGROUP: &str = "Others";

/// Category, group, and what the group is about; what has no category here is in the first one.
pub(crate) const GROUPS: &[(&str, &str, &str)] = &[
    ("Advanced", "Management", "The manager, its jobs, its hosts and its log-ins"),
    ("Placement", "Placement", "Which host gets a VM"),
    ("Network", "Network", "Networks of guests"),
    ("Storage", "Storage", "Templates and volumes"),
    ("Limits", "Limits", "What accounts, domains and projects may have"),
];

/// The group that a setting is in.
pub(crate) fn group_of(setting: &Setting) -> &'static str {
    let found = GROUPS.iter().find(|(category, ..)| *category == setting.category);
    found.map_or(GROUPS[0].1, |(_, group, _)| group)
}

/// `expunge.delay` as `Expunge delay`.
fn words(name: &str) -> String {
    let text = name.replace('.', " ");
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
