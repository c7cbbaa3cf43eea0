//! `deleteAccountFromProject`: takes an account out of a project.

use hostler_model::ProjectId;
use hostler_query_api::{Answer, api_command};
use hostler_store::project::member_remove;
use serde_json::json;

use super::{account_named, change};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Takes an account out of a project. What it made there stays the project's.
    pub(crate) struct DeleteAccountFromProject = "deleteAccountFromProject", asynchronous;

    /// The project.
    projectid: required uuid<ProjectId> .entity("project"),
    /// The name of the account.
    account: required string,
}

impl Handler for DeleteAccountFromProject {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (id, result) = (self.projectid, json!({"success": true}));
        change(call, ("projectid", id), "PROJECT.ACCOUNT.REMOVE", result, move |tx, row| {
            let account = account_named(tx, row, &self.account)?;
            if account == row.owner {
                return Err(Failure::invalid(format!(
                    "account: {} owns project {}; give the project another owner first (updateProject)",
                    self.account, row.name
                )));
            }
            if !member_remove(tx, id, account)? {
                let text = format!("account: {} is not in project {}", self.account, row.name);
                return Err(Failure::invalid(text));
            }
            Ok(format!("account {} is no longer in project {}", self.account, row.name))
        })
        .await
    }
}
