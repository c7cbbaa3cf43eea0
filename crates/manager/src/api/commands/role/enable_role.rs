//! `enableRole`: lets the accounts that have it in again.

use hostler_model::RoleId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::role::role_put;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Lets the accounts that have a role in again.
    pub(crate) struct EnableRole = "enableRole", synchronous .roles(Roles::ADMIN);

    /// The role.
    id: required uuid<RoleId> .entity("role"),
}

impl Handler for EnableRole {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (authority, id) = (call.authority(), self.id);
        let event = call.event("ROLE.UPDATE").about("Role", id.uuid());
        call.write(move |tx| {
            let mut row = authority.role_to_change(tx, "id", id)?;
            "enabled".clone_into(&mut row.state);
            role_put(tx, &row)?;
            event.record(tx, format!("role {} was enabled", row.name))
        })
        .await?;
        Ok(call.success())
    }
}
