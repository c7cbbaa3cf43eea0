//! `addAccountToProject`: lets an account use what a project has.

use hostler_model::ProjectId;
use hostler_query_api::{Answer, api_command};
use hostler_store::project::{member_put, member_role};
use serde_json::json;

use super::{account_named, change, role};
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;

api_command! {
    /// Puts an account into a project.
    pub(crate) struct AddAccountToProject = "addAccountToProject", asynchronous;

    /// The project.
    projectid: required uuid<ProjectId> .entity("project"),
    /// The name of the account, which is in the project's domain. Invitations by mail are not sent.
    account: required string,
    /// Admin or Regular; Regular by default.
    roletype: optional string,
}

impl Handler for AddAccountToProject {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let (id, now, role) = (self.projectid, call.now(), role(call, self.roletype.as_deref())?);
        let result = json!({"success": true});
        change(call, ("projectid", id), "PROJECT.ACCOUNT.ADD", result, move |tx, row| {
            let account = account_named(tx, row, &self.account)?;
            if member_role(tx, id, account)?.is_some() {
                let text = format!("account: {} is in project {} already", self.account, row.name);
                return Err(Failure::invalid(text));
            }
            member_put(tx, id, account, role, now)?;
            Ok(format!("account {} is in project {} as {}", self.account, row.name, role.as_str()))
        })
        .await
    }
}
