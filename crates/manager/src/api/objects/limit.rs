//! Limits and what counts against them, in answers.

use hostler_store::limit::Room;

use super::api_object;
use crate::api::commands::OwnerRow;

api_object! {
    /// A limit of an account, a domain or a project.
    RESOURCE_LIMIT = "ResourceLimitResponse", resource_limit(owner: &OwnerRow, room: &Room) {
        "resourcetype" string "what is limited, by number" => room.kind.api_number().to_string(),
        "resourcetypename" string "what is limited" => room.kind.api_name(),
        "max" long "how much there may be, memory in MiB and storage in GiB; -1 for any amount" => room.max,
        "account" string "the account" => owner.account(),
        "project" string "the project, in place of an account" => None::<String>,
        "projectid" string "that project's id" => None::<String>,
        "domainid" string "the domain, or the account's" => owner.domain().0,
        "domain" string "that domain's name" => owner.domain().1,
        "domainpath" string "that domain's path" => owner.domain().2,
    }
}

api_object! {
    /// How much an account, a domain or a project has.
    RESOURCE_COUNT = "ResourceCountResponse", resource_count(owner: &OwnerRow, room: &Room) {
        "resourcetype" string "what is counted, by number" => room.kind.api_number().to_string(),
        "resourcetypename" string "what is counted" => room.kind.api_name(),
        "resourcecount" long "how much there is, memory in MiB and storage in bytes" => room.used,
        "account" string "the account" => owner.account(),
        "project" string "the project, in place of an account" => None::<String>,
        "projectid" string "that project's id" => None::<String>,
        "domainid" string "the domain, or the account's" => owner.domain().0,
        "domain" string "that domain's name" => owner.domain().1,
        "domainpath" string "that domain's path" => owner.domain().2,
    }
}
