//! Settings in answers.

use super::api_object;
use crate::settings::Setting;

api_object! {
    /// A setting.
    CONFIGURATION = "ConfigurationResponse", configuration(setting: &Setting, value: &str, scope: &str) {
        "name" string "its name" => setting.name,
        "value" string "its present value" => value,
        "defaultvalue" string "its value when nobody has set it" => setting.default,
        "description" string "what it does" => setting.description,
        "category" string "what it is about" => setting.category,
        "type" string "Number, Decimal, Boolean or String" => setting.kind.type_name(),
        "isdynamic" boolean "whether a change takes effect without a restart" => setting.dynamic,
        "scope" string "where this value holds: global or cluster" => scope,
        "component" string "the part of the product that reads it" => "manager",
    }
}
