//! `importRole`: a role with all its rules, in place of one of that name if that is wanted.

use hostler_model::RoleId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::role::{RoleRow, role_add, role_by_name, role_put, rule_remove, rules_of};
use uuid::Uuid;

use super::{add_rules, free_name, role_kind, rules_of_records};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::role::{ROLE, role};

api_command! {
    /// Makes a role with its rules.
    pub(crate) struct ImportRole = "importRole", synchronous
        .roles(Roles::ADMIN).object("role").shape(&ROLE);

    /// Its name.
    name: required string .max(100),
    /// The most that it can allow: Admin, ResourceAdmin, DomainAdmin or User; User if none is given.
    kind "type": optional string,
    /// Its rules in their order: rules[0].rule, rules[0].permission, rules[0].description.
    rules: required records,
    /// What it is for.
    description: optional string,
    /// Put it in the place of a role of that name and type, if there is one.
    forced: optional boolean,
    /// Whether domain administrators see it; they do unless this is false.
    ispublic: optional boolean,
}

impl Handler for ImportRole {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let kind = role_kind(call, self.kind.as_deref().unwrap_or("User"))?;
        let rules = rules_of_records(&self.rules)?;
        let (authority, now, forced) = (call.authority(), call.now(), self.forced == Some(true));
        let event = call.event("ROLE.IMPORT");
        let row = call
            .write(move |tx| {
                let there = role_by_name(tx, self.name.trim())?.filter(|_| forced);
                let mut row = RoleRow {
                    id: there.as_ref().map_or_else(|| RoleId::new(Uuid::new_v4()), |row| row.id),
                    name: self.name,
                    kind,
                    description: self.description.unwrap_or_default(),
                    state: "enabled".to_owned(),
                    is_public: self.ispublic.unwrap_or(true),
                    is_default: false,
                };
                row.name = free_name(tx, &row.name, there.as_ref().map(|there| there.id))?;
                if let Some(there) = there {
                    authority.role_to_change(tx, "name", there.id)?;
                    if there.kind != kind {
                        return Err(Failure::invalid(format!(
                            "type: role {} is of another type; delete it first",
                            there.name
                        )));
                    }
                    rules_of(tx, Some(row.id))?
                        .iter()
                        .try_for_each(|old| rule_remove(tx, old.id))?;
                    role_put(tx, &row)?;
                } else {
                    role_add(tx, &row, now)?;
                }
                add_rules(tx, row.id, &rules)?;
                authority.role_to_change(tx, "name", row.id)?;
                let event = event.about("Role", row.id.uuid());
                event.record(tx, format!("role {} was imported", row.name))?;
                Ok(row)
            })
            .await?;
        Ok(call.object(role(&row)))
    }
}
