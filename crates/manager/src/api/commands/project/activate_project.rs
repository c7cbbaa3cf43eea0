//! `activateProject`: see the command's description.

use hostler_model::ProjectId;
use hostler_query_api::{Answer, api_command};
use hostler_store::project::project_update;

use super::{change, shows};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::project::PROJECT;

api_command! {
    /// Lets a suspended project take new things again.
    pub(crate) struct ActivateProject = "activateProject", asynchronous
        .envelope("activaterojectresponse").object("project").shape(&PROJECT);

    /// The project.
    id: required uuid<ProjectId> .entity("project"),
}

impl Handler for ActivateProject {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let id = self.id;
        change(call, ("id", id), "PROJECT.ACTIVATE", shows(id), move |tx, row| {
            project_update(tx, id, None, None, Some("Active"), None)?;
            Ok(format!("project {} is Active", row.name))
        })
        .await
    }
}
