//! `updateRolePermission`: the order of a role's rules, or what one of them says.

use hostler_model::{RoleId, RoleRuleId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::Tx;
use hostler_store::role::{rule_set_permission, rules_of, rules_order};

use super::permission_of;
use crate::api::authority::Authority;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Puts a role's rules into another order, or has one of them allow or deny.
    pub(crate) struct UpdateRolePermission = "updateRolePermission", synchronous
        .roles(Roles::ADMIN);

    /// The role.
    roleid: required uuid<RoleId> .entity("role"),
    /// All its rules, in the new order.
    ruleorder: optional list<RoleRuleId>,
    /// One of its rules; goes with permission.
    ruleid: optional uuid<RoleRuleId>,
    /// allow or deny.
    permission: optional string,
}

impl Handler for UpdateRolePermission {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let permission = self.permission.as_deref().map(permission_of).transpose()?;
        let (authority, role) = (call.authority(), self.roleid);
        let event = call.event("ROLE.PERMISSION.UPDATE").about("Role", role.uuid());
        call.write(move |tx| {
            let row = authority.role_to_change(tx, "roleid", role)?;
            let text = match (self.ruleorder, self.ruleid, permission) {
                (Some(order), None, None) => reorder(tx, role, &order)?,
                (None, Some(id), Some(permission)) => set(tx, &authority, role, id, &permission)?,
                _ => return Err(Failure::invalid("give ruleorder, or ruleid and permission")),
            };
            authority.role_to_change(tx, "roleid", role)?;
            event.record(tx, format!("role {}: {text}", row.name))
        })
        .await?;
        Ok(call.success())
    }
}

fn reorder(tx: &Tx<'_>, role: RoleId, order: &[RoleRuleId]) -> Result<String, Failure> {
    let mut there: Vec<RoleRuleId> = rules_of(tx, Some(role))?.iter().map(|row| row.id).collect();
    let mut wanted = order.to_vec();
    there.sort_unstable();
    wanted.sort_unstable();
    if there != wanted {
        return Err(Failure::invalid(format!(
            "ruleorder: name each of the role's {} rules once; listRolePermissions shows them",
            there.len()
        )));
    }
    rules_order(tx, role, order)?;
    Ok("its rules were put into another order".to_owned())
}

fn set(
    tx: &Tx<'_>,
    authority: &Authority,
    role: RoleId,
    id: RoleRuleId,
    permission: &str,
) -> Result<String, Failure> {
    if !rules_of(tx, Some(role))?.iter().any(|row| row.id == id) {
        return Err(authority.unknown("ruleid", id));
    }
    rule_set_permission(tx, id, permission)?;
    Ok(format!("rule {id} is now {permission}"))
}
