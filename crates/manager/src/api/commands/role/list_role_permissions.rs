//! `listRolePermissions`: the rules of a role, in their order.

use hostler_model::RoleId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::role::rules_of;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::role::{RULE, rule};

api_command! {
    /// Lists the rules of a role, or of all, in the order in which they decide. The roles that came with
    /// the product have none: they allow what their type may.
    pub(crate) struct ListRolePermissions = "listRolePermissions", synchronous
        .roles(Roles::ADMIN).object("rolepermission").shape(&RULE);

    /// The role.
    roleid: optional uuid<RoleId> .entity("role"),
}

impl Handler for ListRolePermissions {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (authority, role) = (call.authority(), self.roleid);
        let rows = call
            .read(move |tx| {
                if let Some(id) = role {
                    authority.role(tx, "roleid", id)?;
                }
                Ok(rules_of(tx, role)?)
            })
            .await?;
        Ok(Answer::list(call.command, rows.len(), rows.iter().map(rule).collect()))
    }
}
