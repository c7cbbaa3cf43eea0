//! Registered user data in answers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hostler_store::user_data::UserDataView;

use super::api_object;

api_object! {
    /// Registered user data.
    REGISTERED = "UserDataResponse", registered(view: &UserDataView) {
        "id" string "its id" => view.row.id,
        "name" string "its name" => view.row.name,
        "userdata" string "what the guest does at its first boot, base64" => STANDARD.encode(&view.row.content),
        "params" string "names that it wants values for, separated by commas" =>
            Some(&view.row.params).filter(|names| !names.is_empty()),
        "accountid" string "whose it is" => view.row.account,
        "account" string "that account's name" => view.account_name,
        "domainid" string "the owner's domain" => view.domain,
        "domain" string "that domain's name" => view.domain_name,
        "domainpath" string "that domain's path" => view.domain_path,
    }
}
