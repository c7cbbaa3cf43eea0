//! `deleteProject`: removes a project with its account, and if wanted everything that it has.

use hostler_model::ProjectId;
use hostler_query_api::{Answer, api_command};
use hostler_store::project::project_is_empty;
use hostler_store::reference::Entity;

use super::changeable;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::orchestration::account;

api_command! {
    /// Deletes a project.
    pub(crate) struct DeleteProject = "deleteProject", asynchronous;

    /// The project.
    id: required uuid<ProjectId> .entity("project"),
    /// Whether to expunge its VMs and delete all else that it has; without, a project that has something stays.
    cleanup: optional boolean,
}

impl Handler for DeleteProject {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (id, cleanup) = (self.id, self.cleanup.unwrap_or(false));
        call.require(vec![("id", Entity::Project, id.uuid())]).await?;
        let event = call.event("PROJECT.DELETE").about("Project", id.uuid());
        let may = changeable(call);
        let row = call
            .write(move |tx| {
                let row = may.check(tx, id)?;
                if !cleanup {
                    project_is_empty(tx, &row)?;
                }
                event.record(tx, format!("project {} is to be deleted", row.name))?;
                Ok(row)
            })
            .await?;
        // with its account the project goes
        let job =
            account::delete(call.context, call.caller(), row.account, "deleteProject").await?;
        Ok(Answer::job(call.command, None, job.uuid()))
    }
}
