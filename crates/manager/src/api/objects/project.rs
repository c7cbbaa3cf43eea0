//! Projects in answers.

use hostler_store::limit::Room;
use hostler_store::project::{ProjectMember, ProjectRow};
use serde_json::{Value, json};

use super::limit::{USAGE, add_usage};
use super::{api_object, date};

api_object! {
    /// A project.
    PROJECT = "ProjectResponse", bare_project(row: &ProjectRow) and (USAGE) {
        "id" string "its id" => row.id,
        "name" string "its name" => row.name,
        "displaytext" string "what it is, for people" => row.display_text,
        "domainid" string "the domain that it is in" => row.domain,
        "domain" string "that domain's name" => row.domain_name,
        "projectaccountname" string "the account that owns what it has" => row.account_name,
        "owner" list "the accounts that may change it" => owners(row),
        "state" string "Active, or Suspended: it takes nothing new" => row.state,
        "created" date "since when there has been one" => date(row.created),
    }
}

/// A project with what it may have and has, which is in `rooms`.
pub(crate) fn project(row: &ProjectRow, rooms: &[Room]) -> Value {
    let mut object = bare_project(row);
    add_usage(&mut object, row.account.uuid(), rooms);
    object
}

fn owners(row: &ProjectRow) -> Vec<Value> {
    row.admins.iter().map(|name| json!({"account": name})).collect()
}

api_object! {
    /// An account that is in a project.
    PROJECT_ACCOUNT = "ProjectAccountResponse", project_account(row: &ProjectRow, member: &ProjectMember) {
        "projectid" string "the project" => row.id,
        "project" string "that project's name" => row.name,
        "accountid" string "the account" => member.account,
        "account" string "that account's name" => member.name,
        "accounttype" integer "that account's type, by number" => member.kind.api_number(),
        "role" string "Admin, who may change the project, or Regular" => member.role.as_str(),
        "domainid" string "the domain of both" => row.domain,
        "domain" string "that domain's name" => row.domain_name,
    }
}
