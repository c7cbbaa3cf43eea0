//! `deleteRole`: removes a role that no account has.

use hostler_model::RoleId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::role::role_remove;

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Removes a role that no account has; those that came with the product stay.
    pub(crate) struct DeleteRole = "deleteRole", synchronous .roles(Roles::ADMIN);

    /// The role.
    id: required uuid<RoleId> .entity("role"),
}

impl Handler for DeleteRole {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (authority, id) = (call.authority(), self.id);
        let event = call.event("ROLE.DELETE").about("Role", id.uuid());
        call.write(move |tx| {
            let row = authority.role_to_change(tx, "id", id)?;
            role_remove(tx, id)?;
            event.record(tx, format!("role {} was deleted", row.name))
        })
        .await?;
        Ok(call.success())
    }
}
