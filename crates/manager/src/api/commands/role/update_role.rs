//! `updateRole`: name, description, visibility, and the type of a role that no account has.

use hostler_model::RoleId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::role::{role_accounts, role_put};

use super::{free_name, role_kind};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::role::{ROLE, role};

api_command! {
    /// Changes a role; those that came with the product never change.
    pub(crate) struct UpdateRole = "updateRole", synchronous
        .roles(Roles::ADMIN).object("role").shape(&ROLE);

    /// The role.
    id: required uuid<RoleId> .entity("role"),
    /// Its new name.
    name: optional string .max(100),
    /// What it is for.
    description: optional string,
    /// The most that it can allow; only while no account has the role.
    kind "type": optional string,
    /// Whether domain administrators see it.
    ispublic: optional boolean,
}

impl Handler for UpdateRole {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let kind = self.kind.as_deref().map(|name| role_kind(call, name)).transpose()?;
        let (authority, id) = (call.authority(), self.id);
        let event = call.event("ROLE.UPDATE").about("Role", id.uuid());
        let row = call
            .write(move |tx| {
                let mut row = authority.role_to_change(tx, "id", id)?;
                if let Some(name) = self.name {
                    row.name = free_name(tx, &name, Some(id))?;
                }
                if let Some(kind) = kind.filter(|kind| *kind != row.kind) {
                    let accounts = role_accounts(tx, id)?;
                    if accounts > 0 {
                        return Err(Failure::invalid(format!(
                            "type: {accounts} accounts have role {}; give them another one first",
                            row.name
                        )));
                    }
                    row.kind = kind;
                }
                row.description = self.description.unwrap_or(row.description);
                row.is_public = self.ispublic.unwrap_or(row.is_public);
                role_put(tx, &row)?;
                authority.role_to_change(tx, "id", id)?;
                event.record(tx, format!("role {} was changed", row.name))?;
                Ok(row)
            })
            .await?;
        Ok(call.object(role(&row)))
    }
}
