//! `listProjectAccounts`: who is in a project.

use hostler_model::ProjectId;
use hostler_query_api::{Answer, api_command};
use hostler_store::project::{member_list, project_get};
use hostler_store::reference::Entity;

use super::role;
use crate::api::call::{Call, Handler};
use crate::api::failure::Failure;
use crate::api::objects::project::{PROJECT_ACCOUNT, project_account};

api_command! {
    /// Lists the accounts that are in a project.
    pub(crate) struct ListProjectAccounts = "listProjectAccounts", synchronous
        .object("projectaccount").shape(&PROJECT_ACCOUNT).paged();

    /// The project.
    projectid: required uuid<ProjectId> .entity("project"),
    /// The account of this name.
    account: optional string,
    /// Accounts of this role: Admin or Regular.
    role: optional string,
}

impl Handler for ListProjectAccounts {
    async fn execute(self, call: Call<'_>) -> Result<Answer, Failure> {
        let id = self.projectid;
        call.require(vec![("projectid", Entity::Project, id.uuid())]).await?;
        let wanted = self.role.as_deref().map(|name| role(call, Some(name))).transpose()?;
        let (name, keyword, page) = (self.account, call.keyword(), call.page()?);
        let (row, listed) = call
            .read(move |tx| {
                let (name, keyword) = (name.as_deref(), keyword.as_deref());
                Ok((project_get(tx, id)?, member_list(tx, id, name, wanted, keyword, page)?))
            })
            .await?;
        call.list(listed, None, |member| project_account(&row, member)).await
    }
}
