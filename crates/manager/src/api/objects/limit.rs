//! Limits and what counts against them, in answers.

use hostler_model::LimitKind;
use hostler_query_api::FieldDecl;
use hostler_store::limit::Room;
use serde_json::{Value, json};
use uuid::Uuid;

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

/// The three fields of a kind, as [`add_usage`] renders them.
macro_rules! usage {
    ($($prefix:literal $kind:literal $what:literal $are:literal $unit:literal,)*) => {
        &[$(
            FieldDecl::new(concat!($prefix, "total"), $kind, concat!($what, " there ", $are, $unit)),
            FieldDecl::new(
                concat!($prefix, "limit"),
                "string",
                concat!($what, " there may be", $unit, ", or Unlimited"),
            ),
            FieldDecl::new(
                concat!($prefix, "available"),
                "string",
                concat!($what, " more there may be", $unit, ", or Unlimited"),
            ),
        )*]
    };
}

/// What accounts, domains and projects may have and have.
pub(super) static USAGE: &[FieldDecl] = usage! {
    "vm" "long" "how many VMs" "are" "",
    "ip" "long" "how many public addresses" "are" "",
    "volume" "long" "how many volumes" "are" "",
    "snapshot" "long" "how many snapshots" "are" "",
    "template" "long" "how many templates" "are" "",
    "network" "long" "how many networks" "are" "",
    "vpc" "long" "how many VPCs" "are" "",
    "cpu" "long" "how many CPUs" "are" "",
    "memory" "long" "how much memory" "is" ", in MiB",
    "primarystorage" "long" "how much primary storage" "is" ", in GiB",
    "secondarystorage" "float" "how much secondary storage" "is" ", in GiB",
};

/// The same of projects, of which a project has none.
pub(super) static USAGE_OF_PROJECTS: &[FieldDecl] = usage! {
    "project" "long" "how many projects" "are" "",
};

/// Adds what `owner` may have and has: a total, a limit and what is left of each kind.
pub(crate) fn add_usage(object: &mut Value, owner: Uuid, rooms: &[Room]) {
    let Value::Object(fields) = object else { return };
    // a project has no projects
    let shown = |room: &&Room| {
        room.owner == owner && (room.kind != LimitKind::Project || room.owner_kind != "project")
    };
    for room in rooms.iter().filter(shown) {
        let (kind, unit) = (prefix(room.kind), room.kind.unit());
        let total = match room.kind {
            LimitKind::SecondaryStorage => json!(gib(room.used)),
            _ => json!(room.used.div_ceil(unit)),
        };
        let words = |amount: Option<u64>| {
            amount.map_or_else(|| "Unlimited".to_owned(), |amount| (amount / unit).to_string())
        };
        let left = room.most().map(|most| most.saturating_sub(room.used));
        fields.insert(format!("{kind}total"), total);
        fields.insert(format!("{kind}limit"), words(room.most()).into());
        fields.insert(format!("{kind}available"), words(left).into());
    }
}

#[allow(clippy::cast_precision_loss)] // for reading only
fn gib(bytes: u64) -> f64 {
    bytes as f64 / (1u64 << 30) as f64
}

/// How the fields of a kind begin.
const fn prefix(kind: LimitKind) -> &'static str {
    match kind {
        LimitKind::UserVm => "vm",
        LimitKind::PublicIp => "ip",
        LimitKind::Volume => "volume",
        LimitKind::Snapshot => "snapshot",
        LimitKind::Template => "template",
        LimitKind::Project => "project",
        LimitKind::Network => "network",
        LimitKind::Vpc => "vpc",
        LimitKind::Cpu => "cpu",
        LimitKind::Memory => "memory",
        LimitKind::PrimaryStorage => "primarystorage",
        LimitKind::SecondaryStorage => "secondarystorage",
    }
}
