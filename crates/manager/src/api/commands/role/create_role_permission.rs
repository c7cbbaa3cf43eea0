//! `createRolePermission`: one more rule, after the others of its role.

use hostler_model::{RoleId, RoleRuleId};
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::role::{Rule, rule_add, rule_get};
use uuid::Uuid;

use super::rule;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::role::{RULE, rule as rule_object};

api_command! {
    /// Adds a rule after the others of its role.
    pub(crate) struct CreateRolePermission = "createRolePermission", synchronous
        .roles(Roles::ADMIN).object("rolepermission").shape(&RULE);

    /// The role.
    roleid: required uuid<RoleId> .entity("role"),
    /// The commands that it is about; * stands for any characters, as in list*.
    pattern "rule": required string,
    /// allow or deny.
    permission: required string,
    /// What it is for.
    description: optional string,
}

impl Handler for CreateRolePermission {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (authority, role) = (call.authority(), self.roleid);
        let new = rule(&self.pattern, &self.permission)?;
        let id = RoleRuleId::new(Uuid::new_v4());
        let event = call.event("ROLE.PERMISSION.CREATE").about("Role", role.uuid());
        let row = call
            .write(move |tx| {
                let row = authority.role_to_change(tx, "roleid", role)?;
                rule_add(tx, id, role, &new, self.description.as_deref().unwrap_or_default())?;
                authority.role_to_change(tx, "roleid", role)?;
                let (name, Rule { pattern, permission }) = (row.name, new);
                event
                    .record(tx, format!("role {name} was given a rule: {permission} {pattern}"))?;
                Ok(rule_get(tx, id)?)
            })
            .await?;
        Ok(call.object(rule_object(&row)))
    }
}
