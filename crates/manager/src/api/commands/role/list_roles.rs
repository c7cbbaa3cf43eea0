//! `listRoles`: what accounts can be allowed.

use hostler_model::RoleId;
use hostler_query_api::{Answer, Roles, api_command};
use hostler_store::reference::Entity;
use hostler_store::role::{RoleFilter, role_list};

use super::role_kind;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::role::{ROLE, role};

api_command! {
    /// Lists roles; administrators of domains see the public ones that go no further than their own.
    pub(crate) struct ListRoles = "listRoles", synchronous
        .roles(Roles::ADMINS).object("role").shape(&ROLE).paged();

    /// The role of this id.
    id: optional uuid<RoleId> .entity("role"),
    /// The role of this name.
    name: optional string,
    /// Roles of this type: Admin, ResourceAdmin, DomainAdmin or User.
    kind "type": optional string,
    /// Roles in this state: enabled or disabled.
    state: optional string,
}

impl Handler for ListRoles {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let kind = self.kind.as_deref().map(|name| role_kind(call, name)).transpose()?;
        let (authority, page) = (call.authority(), call.page()?);
        let mut kinds = authority.kinds_in_sight();
        let only_public = !kinds.is_empty();
        if let Some(kind) = kind {
            if only_public && !kinds.contains(&kind) {
                return Ok(Answer::list(call.command, 0, Vec::new()));
            }
            kinds = vec![kind];
        }
        let filter = RoleFilter {
            id: self.id,
            name: self.name,
            kinds,
            state: self.state,
            only_public,
            keyword: call.keyword(),
        };
        let wanted = self.id;
        let listed = call
            .read(move |tx| {
                if let Some(id) = wanted {
                    authority.role(tx, "id", id)?;
                }
                Ok(role_list(tx, &filter, page)?)
            })
            .await?;
        call.list(listed, self.id.map(|id| (Entity::Role, id.uuid())), role).await
    }
}
