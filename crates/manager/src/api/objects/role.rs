//! Roles and their rules in answers.

use hostler_store::role::{RoleRow, RuleRow};

use super::api_object;
use crate::api::permission::role_type;

api_object! {
    /// A role.
    ROLE = "RoleResponse", role(row: &RoleRow) {
        "id" string "its id" => row.id,
        "name" string "its name" => row.name,
        "type" string "the most that it can allow" => role_type(row.kind).name(),
        "description" string "what it is for" => row.description,
        "state" string "enabled or disabled" => row.state,
        "ispublic" boolean "whether domain administrators see it" => row.is_public,
        "isdefault" boolean "whether it came with the product" => row.is_default,
    }
}

api_object! {
    /// A rule of a role.
    RULE = "RolePermissionResponse", rule(row: &RuleRow) {
        "id" string "its id" => row.id,
        "roleid" string "the role" => row.role,
        "rolename" string "the role's name" => row.role_name,
        "rule" string "the commands that it is about; * stands for any characters" => row.rule.pattern,
        "permission" string "allow or deny" => row.rule.permission,
        "description" string "what it is for" => row.description,
    }
}
