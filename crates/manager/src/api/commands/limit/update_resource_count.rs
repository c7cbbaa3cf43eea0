//! `updateResourceCount`: counts anew what an account or a domain has.
//!
//! Nothing is stored that could be wrong: the answer is computed from the rows, as every check of a limit is.

use hostler_model::DomainId;
use hostler_query_api::{Answer, Roles, api_command};

use super::{Owner, kind};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::limit::{RESOURCE_COUNT, resource_count};

api_command! {
    /// Counts what an account, a domain or a project has. Nothing can have been counted wrong before.
    pub(crate) struct UpdateResourceCount = "updateResourceCount", synchronous
        .roles(Roles::ADMINS).object("resourcecount").shape(&RESOURCE_COUNT).in_projects();

    /// The domain, or the domain of the account.
    domainid: required uuid<DomainId> .entity("domain"),
    /// The account; without it, the domain with those below it.
    account: optional string,
    /// Only this kind; see listResourceLimits.
    resourcetype: optional integer,
}

impl Handler for UpdateResourceCount {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let wanted = kind(call, self.resourcetype, None)?;
        let owner = Owner::of(call, self.account, Some(self.domainid)).await?;
        let limits = call.context.settings.limits();
        let (row, mut rooms) =
            call.read(move |tx| Ok((owner.read(tx)?, owner.rooms(tx, &limits)?))).await?;
        rooms.retain(|room| wanted.is_none_or(|kind| kind == room.kind));
        let shown = rooms.iter().map(|room| resource_count(&row, room)).collect();
        Ok(Answer::list(call.command, rooms.len(), shown))
    }
}
