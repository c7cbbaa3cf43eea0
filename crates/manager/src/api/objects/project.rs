//! Projects in answers.

use hostler_store::limit::Room;
use hostler_store::project::{ProjectMember, ProjectRow};
use serde_json::{Value, json};

use super::limit::add_usage;
use super::{api_object, date};

api_object! {
    /// A project.
    PROJECT = "ProjectResponse", bare_project(row: &ProjectRow) {
        "id" string "its id" => row.id,
        "name" string "its name" => row.name,
        "displaytext" string "what it is, for people" => row.display_text,
        "domainid" string "the domain that it is in" => row.domain,
        "domain" string "that domain's name" => row.domain_name,
        "projectaccountname" string "the account that owns what it has" => row.account_name,
        "owner" list "the accounts that may change it" => owners(row),
        "state" string "Active, or Suspended: it takes nothing new" => row.state,
        "created" date "since when there has been one" => date(row.created),
        "vmtotal" long "how many VMs there are" => None::<String>,
        "vmlimit" string "how many VMs there may be, or Unlimited" => None::<String>,
        "vmavailable" string "how many VMs more there may be, or Unlimited" => None::<String>,
        "iptotal" long "how many public addresses there are" => None::<String>,
        "iplimit" string "how many public addresses there may be, or Unlimited" => None::<String>,
        "ipavailable" string "how many public addresses more there may be, or Unlimited" => None::<String>,
        "volumetotal" long "how many volumes there are" => None::<String>,
        "volumelimit" string "how many volumes there may be, or Unlimited" => None::<String>,
        "volumeavailable" string "how many volumes more there may be, or Unlimited" => None::<String>,
        "snapshottotal" long "how many snapshots there are" => None::<String>,
        "snapshotlimit" string "how many snapshots there may be, or Unlimited" => None::<String>,
        "snapshotavailable" string "how many snapshots more there may be, or Unlimited" => None::<String>,
        "templatetotal" long "how many templates there are" => None::<String>,
        "templatelimit" string "how many templates there may be, or Unlimited" => None::<String>,
        "templateavailable" string "how many templates more there may be, or Unlimited" => None::<String>,
        "networktotal" long "how many networks there are" => None::<String>,
        "networklimit" string "how many networks there may be, or Unlimited" => None::<String>,
        "networkavailable" string "how many networks more there may be, or Unlimited" => None::<String>,
        "vpctotal" long "how many VPCs there are" => None::<String>,
        "vpclimit" string "how many VPCs there may be, or Unlimited" => None::<String>,
        "vpcavailable" string "how many VPCs more there may be, or Unlimited" => None::<String>,
        "cputotal" long "how many CPUs there are" => None::<String>,
        "cpulimit" string "how many CPUs there may be, or Unlimited" => None::<String>,
        "cpuavailable" string "how many CPUs more there may be, or Unlimited" => None::<String>,
        "memorytotal" long "how much memory there is, in MiB" => None::<String>,
        "memorylimit" string "how much memory there may be, in MiB, or Unlimited" => None::<String>,
        "memoryavailable" string "how much memory more there may be, in MiB, or Unlimited" => None::<String>,
        "primarystoragetotal" long "how much primary storage there is, in GiB" => None::<String>,
        "primarystoragelimit" string "how much primary storage there may be, in GiB, or Unlimited" => None::<String>,
        "primarystorageavailable" string "how much primary storage more there may be, in GiB, or Unlimited" => None::<String>,
        "secondarystoragetotal" float "how much secondary storage there is, in GiB" => None::<String>,
        "secondarystoragelimit" string "how much secondary storage there may be, in GiB, or Unlimited" => None::<String>,
        "secondarystorageavailable" string "how much secondary storage more there may be, in GiB, or Unlimited" => None::<String>,
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
