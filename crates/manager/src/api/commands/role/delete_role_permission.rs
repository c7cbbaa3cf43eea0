//! `deleteRolePermission`: removes a rule.

use hostler_model::RoleRuleId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::StoreError;
use hostler_store::role::{rule_get, rule_remove};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Removes a rule from its role.
    pub(crate) struct DeleteRolePermission = "deleteRolePermission", synchronous
        .roles(Roles::ADMIN);

    /// The rule.
    id: required uuid<RoleRuleId>,
}

impl Handler for DeleteRolePermission {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (authority, id) = (call.authority(), self.id);
        let event = call.event("ROLE.PERMISSION.DELETE");
        call.write(move |tx| {
            let row = match rule_get(tx, id) {
                Err(StoreError::NotFound { .. }) => return Err(authority.unknown("id", id)),
                other => other?,
            };
            authority.role_to_change(tx, "id", row.role)?;
            rule_remove(tx, id)?;
            authority.role_to_change(tx, "id", row.role)?;
            let event = event.about("Role", row.role.uuid());
            event.record(tx, format!("role {} lost its rule {}", row.role_name, row.rule.pattern))
        })
        .await?;
        Ok(call.success())
    }
}
