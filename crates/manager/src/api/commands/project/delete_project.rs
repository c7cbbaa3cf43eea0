//! `deleteProject`: removes a project that has nothing any more.

use hostler_model::ProjectId;
use hostler_query_api::{Answer, api_command};
use hostler_store::project::project_remove;
use serde_json::json;

use super::change;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Deletes a project that has nothing any more, with its key pairs and limits.
    pub(crate) struct DeleteProject = "deleteProject", asynchronous;

    /// The project.
    id: required uuid<ProjectId> .entity("project"),
}

impl Handler for DeleteProject {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (id, now) = (self.id, call.now());
        let result = json!({"success": true});
        change(call, ("id", id), "PROJECT.DELETE", result, move |tx, row| {
            project_remove(tx, row, now)?;
            Ok(format!("project {} was deleted", row.name))
        })
        .await
    }
}
