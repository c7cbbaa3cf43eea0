//! `suspendProject`: see the command's description.

use hostler_model::ProjectId;
use hostler_query_api::{Answer, api_command};
use hostler_store::project::project_update;

use super::{change, shows};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::project::PROJECT;

api_command! {
    /// Has a project take nothing new; what it has stays and runs on.
    pub(crate) struct SuspendProject = "suspendProject", asynchronous
        .object("project").shape(&PROJECT);

    /// The project.
    id: required uuid<ProjectId> .entity("project"),
}

impl Handler for SuspendProject {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let id = self.id;
        change(call, ("id", id), "PROJECT.SUSPEND", shows(id), move |tx, row| {
            project_update(tx, id, None, None, Some("Suspended"), None)?;
            Ok(format!("project {} is Suspended", row.name))
        })
        .await
    }
}
