//! Commands about roles, and the rules by which they allow and deny.
//!
//! Not here: what a rule allows (`permission`).

use std::collections::BTreeMap;

use hostler_model::{AccountType, RoleId, RoleRuleId};
use hostler_store::Tx;
use hostler_store::role::{Rule, role_by_name, rule_add};
use uuid::Uuid;

use super::{Entry, known};
use crate::api::call::Call;
use crate::api::failure::Failure;
use crate::api::permission::{is_pattern, kind_of};

mod create_role;
mod create_role_permission;
mod delete_role;
mod delete_role_permission;
mod disable_role;
mod enable_role;
mod import_role;
mod list_role_permissions;
mod list_roles;
mod update_role;
mod update_role_permission;

/// One line each.
pub(super) static COMMANDS: &[Entry] = &[
    known::<create_role::CreateRole>(),
    known::<create_role_permission::CreateRolePermission>(),
    known::<delete_role::DeleteRole>(),
    known::<delete_role_permission::DeleteRolePermission>(),
    known::<disable_role::DisableRole>(),
    known::<enable_role::EnableRole>(),
    known::<import_role::ImportRole>(),
    known::<list_role_permissions::ListRolePermissions>(),
    known::<list_roles::ListRoles>(),
    known::<update_role::UpdateRole>(),
    known::<update_role_permission::UpdateRolePermission>(),
];

/// The type of a role by its name.
fn role_kind(call: Call<'_>, name: &str) -> Result<AccountType, Failure> {
    kind_of(name)
        .ok_or_else(|| call.wrong("type", name, "Admin, ResourceAdmin, DomainAdmin or User"))
}

/// A name that a role can have, and that no other has.
fn free_name(tx: &Tx<'_>, name: &str, own: Option<RoleId>) -> Result<String, Failure> {
    let name = name.trim();
    let other = role_by_name(tx, name)?.filter(|row| Some(row.id) != own);
    if name.is_empty() || other.is_some() {
        return Err(Failure::invalid(format!(
            "name: {name:?} is empty, or there is such a role; choose another name"
        )));
    }
    Ok(name.to_owned())
}

/// A rule as requests give it.
fn rule(pattern: &str, permission: &str) -> Result<Rule, Failure> {
    if !is_pattern(pattern) {
        return Err(Failure::invalid(format!(
            "rule: {pattern:?} is no command's name; * stands for any characters, as in list*"
        )));
    }
    Ok(Rule { pattern: pattern.to_owned(), permission: permission_of(permission)? })
}

/// `allow` or `deny`.
fn permission_of(text: &str) -> Result<String, Failure> {
    let permission = text.to_lowercase();
    if matches!(permission.as_str(), "allow" | "deny") {
        return Ok(permission);
    }
    Err(Failure::invalid(format!("permission: {text:?} is neither allow nor deny")))
}

/// The rules of `rules[0].rule=list*&rules[0].permission=allow`, in their order, with descriptions.
fn rules_of_records(records: &[BTreeMap<String, String>]) -> Result<Vec<(Rule, String)>, Failure> {
    let text = |record: &BTreeMap<String, String>, name: &str| {
        record.get(name).cloned().unwrap_or_default()
    };
    records
        .iter()
        .map(|r| Ok((rule(&text(r, "rule"), &text(r, "permission"))?, text(r, "description"))))
        .collect()
}

/// Adds rules after those that a role has.
fn add_rules(tx: &Tx<'_>, role: RoleId, rules: &[(Rule, String)]) -> Result<(), Failure> {
    for (rule, description) in rules {
        rule_add(tx, RoleRuleId::new(Uuid::new_v4()), role, rule, description)?;
    }
    Ok(())
}
