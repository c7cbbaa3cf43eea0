//! `disableRole`: refuses the accounts that have it.

use hostler_model::RoleId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::role::role_put;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Refuses the accounts that have a role, until it is enabled.
    pub(crate) struct DisableRole = "disableRole", synchronous .roles(Roles::ADMIN);

    /// The role.
    id: required uuid<RoleId> .entity("role"),
}

impl Handler for DisableRole {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (authority, id) = (call.authority(), self.id);
        let event = call.event("ROLE.UPDATE").about("Role", id.uuid());
        call.write(move |tx| {
            let mut row = authority.role_to_change(tx, "id", id)?;
            "disabled".clone_into(&mut row.state);
            role_put(tx, &row)?;
            event.record(tx, format!("role {} was disabled", row.name))
        })
        .await?;
        Ok(call.success())
    }
}
