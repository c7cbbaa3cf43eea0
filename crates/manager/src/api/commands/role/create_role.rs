//! `createRole`: a new role, without rules or with those of another.

use hostler_model::RoleId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::role::{RoleRow, Rule, role_add, rules_of};
use uuid::Uuid;

use super::{add_rules, free_name, role_kind};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::role::{ROLE, role};

api_command! {
    /// Makes a role: an empty one of a type, which allows nothing yet, or a copy of another.
    pub(crate) struct CreateRole = "createRole", synchronous
        .roles(Roles::ADMIN).object("role").shape(&ROLE);

    /// Its name.
    name: required string .max(100),
    /// The most that it can allow: Admin, ResourceAdmin, DomainAdmin or User. This or roleid.
    kind "type": optional string,
    /// The role to copy.
    roleid: optional uuid<RoleId> .entity("role"),
    /// What it is for.
    description: optional string,
    /// Whether domain administrators see it; they do unless this is false.
    ispublic: optional boolean,
}

impl Handler for CreateRole {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let kind = self.kind.as_deref().map(|name| role_kind(call, name)).transpose()?;
        let (authority, now) = (call.authority(), call.now());
        let id = RoleId::new(Uuid::new_v4());
        let event = call.event("ROLE.CREATE").about("Role", id.uuid());
        let row = call
            .write(move |tx| {
                let (kind, rules) = match (kind, self.roleid) {
                    (Some(kind), None) => (kind, Vec::new()),
                    (None, Some(from)) => {
                        let from = authority.role(tx, "roleid", from)?;
                        let all = Rule { pattern: "*".to_owned(), permission: "allow".to_owned() };
                        let rules = if from.is_default {
                            vec![(all, String::new())]
                        } else {
                            let rows = rules_of(tx, Some(from.id))?;
                            rows.into_iter().map(|row| (row.rule, row.description)).collect()
                        };
                        (from.kind, rules)
                    }
                    _ => return Err(Failure::invalid("give either type or roleid")),
                };
                let row = RoleRow {
                    id,
                    name: free_name(tx, &self.name, None)?,
                    kind,
                    description: self.description.unwrap_or_default(),
                    state: "enabled".to_owned(),
                    is_public: self.ispublic.unwrap_or(true),
                    is_default: false,
                };
                role_add(tx, &row, now)?;
                add_rules(tx, id, &rules)?;
                authority.role_to_change(tx, "roleid", id)?;
                event.record(tx, format!("role {} was made", row.name))?;
                Ok(row)
            })
            .await?;
        Ok(call.object(role(&row)))
    }
}
