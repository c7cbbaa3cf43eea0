//! `deleteDomain`: removes a domain, with `cleanup` all that is in it too.

use hostler_model::DomainId;
use hostler_query_api::{Answer, Roles, api_command};

use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::orchestration::domain::delete;

api_command! {
    /// Removes a domain.
    pub(crate) struct DeleteDomain = "deleteDomain", asynchronous
        .roles(Roles::ADMIN_AND_DOMAIN_ADMIN);

    /// The domain.
    id: required uuid<DomainId> .entity("domain"),
    /// Delete its accounts, with all that they have, and the domains below it too.
    cleanup: optional boolean,
}

impl Handler for DeleteDomain {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (authority, id) = (call.authority(), self.id);
        call.read(move |tx| {
            let row = authority.domain(tx, "id", id)?;
            if row.parent.is_none() || authority.is_in(&row) {
                return Err(Failure::invalid(format!(
                    "id: {} is the root, or the caller is in it; it cannot be deleted",
                    row.path
                )));
            }
            Ok(())
        })
        .await?;
        let job = delete(call.context, call.caller(), id, self.cleanup.unwrap_or(false)).await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
